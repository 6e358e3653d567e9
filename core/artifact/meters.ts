import { createHash, type Hash } from 'node:crypto';
import { Transform, type TransformCallback } from 'node:stream';

/** Passes bytes on and counts them. */
export class ByteCounter extends Transform {
	bytes = 0;
	readonly #onBytes?: (bytes: number) => void;

	/** @param onBytes called with the running total after each chunk */
	constructor(onBytes?: (bytes: number) => void) {
		super({ highWaterMark: 1024 * 1024 });
		this.#onBytes = onBytes;
	}

	override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
		this.bytes += chunk.length;
		this.#onBytes?.(this.bytes);
		callback(null, chunk);
	}
}

/** A block goes on unchanged from half this size; what is smaller is gathered. */
const blockBytes = 1024 * 1024;

/**
 * Counts bytes and passes them on in blocks of about a megabyte. Each step through a compressor or into a file is
 * a trip to another thread, which the 64 KB that sockets and pipes give at a time do not pay for.
 */
export class GatheringCounter extends Transform {
	bytes = 0;
	readonly #onBytes?: (bytes: number) => void;
	#block: Buffer | undefined;
	#filled = 0;

	/** @param onBytes called with the running total after each chunk */
	constructor(onBytes?: (bytes: number) => void) {
		super({ highWaterMark: blockBytes });
		this.#onBytes = onBytes;
	}

	override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
		this.bytes += chunk.length;
		this.#onBytes?.(this.bytes);
		if (this.#filled === 0 && chunk.length >= blockBytes / 2) this.push(chunk);
		else this.#gather(chunk);
		callback();
	}

	override _flush(callback: TransformCallback): void {
		this.#passOn();
		callback();
	}

	#gather(chunk: Buffer): void {
		for (let at = 0; at < chunk.length;) {
			this.#block ??= Buffer.allocUnsafeSlow(blockBytes);
			const copied = chunk.copy(this.#block, this.#filled, at);
			this.#filled += copied;
			at += copied;
			if (this.#filled === blockBytes) this.#passOn();
		}
	}

	#passOn(): void {
		if (this.#block) this.push(this.#block.subarray(0, this.#filled));
		this.#block = undefined;
		this.#filled = 0;
	}
}

/** Passes bytes on, counts them and takes their SHA-256. */
export class HashingCounter extends Transform {
	bytes = 0;
	readonly #hash: Hash = createHash('sha256');

	constructor() {
		super({ highWaterMark: 1024 * 1024 });
	}

	override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
		this.bytes += chunk.length;
		this.#hash.update(chunk);
		callback(null, chunk);
	}

	/** Hex digest of everything that went through; call it once, after the stream has ended. */
	digest(): string {
		return this.#hash.digest('hex');
	}
}
