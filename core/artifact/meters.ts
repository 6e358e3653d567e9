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
