import { createHash, type Hash } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import type { FileHandle } from 'node:fs/promises';
import { Writable } from 'node:stream';

/**
 * Writes bytes to a file's end, counts them and takes their SHA-256. A chunk's memory may be used again as soon as
 * the stream asks for the next one.
 *
 * Neither ending nor destroying it closes the file: the handle's owner does that, once. (A stream of node:fs closes
 * its descriptor when it is destroyed, whatever `autoClose` says, and the handle would then close a number that may
 * be somebody else's socket by now.)
 */
export class StoredStream extends Writable {
	/** In the file so far. */
	bytes = 0;
	/** Hex digest of everything that was written; empty until it is known that nothing follows. */
	sha256 = '';
	readonly #handle: FileHandle;
	readonly #hash: Hash = createHash('sha256');
	readonly #changes = new EventEmitter();

	constructor(handle: FileHandle) {
		// Every write asks to wait, so that nobody hands over the next chunk before this one is on its way.
		super({ highWaterMark: 1 });
		this.#handle = handle;
	}

	override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
		this.#hash.update(chunk);
		this.#handle.writeFile(chunk).then(() => {
			this.bytes += chunk.length;
			this.#changes.emit('change');
			callback();
		}, callback);
	}

	override _final(callback: () => void): void {
		this.sha256 = this.#hash.digest('hex');
		this.#changes.emit('change');
		callback();
	}

	override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
		callback(error);
		this.#changes.emit('change');
	}

	/**
	 * Waits until there is more in the file; false when nothing will follow.
	 *
	 * @throws whatever the stream is destroyed with
	 */
	async grows(): Promise<boolean> {
		const before = this.bytes;
		while (this.bytes === before && this.sha256 === '') {
			if (this.destroyed) throw this.errored ?? new Error('The file was given up');
			await once(this.#changes, 'change');
		}
		return this.bytes > before;
	}
}
