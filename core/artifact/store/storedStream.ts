import { createHash, type Hash } from 'node:crypto';
import { Writable } from 'node:stream';
import { discard } from '../../blocks';
import type { OpenFile } from '../../files/descriptor';
import type { Growth } from './growingFile';

/** Left alone, Linux begins to write only when a tenth of the memory waits for it. */
const syncEveryBytes = 32 * 1024 * 1024;

/**
 * Writes bytes to a file's end, counts them and takes their SHA-256. A chunk's memory may be used again as soon as
 * the stream asks for the next one.
 *
 * Neither ending nor destroying it closes the file: the handle's owner does that, once. (A stream of node:fs closes
 * its descriptor when it is destroyed, whatever `autoClose` says, and the handle would then close a number that may
 * be somebody else's socket by now.)
 */
export class StoredStream extends Writable implements Growth {
	bytes = 0;
	sha256 = '';
	readonly #handle: Pick<OpenFile, 'writeFile' | 'datasync'>;
	readonly #onGrowth: (growth: Growth) => void;
	readonly #ownsChunks: boolean;
	readonly #hash: Hash = createHash('sha256');
	/** Written since the disk was last told to write. */
	#unsynced = 0;
	#syncing: Promise<void> = Promise.resolve();
	#isSyncing = false;

	/**
	 * @param onGrowth called whenever there is more in the file, and when it is known that nothing follows
	 * @param ownsChunks whether the chunks' memory is given back once they are written
	 */
	constructor(
		handle: Pick<OpenFile, 'writeFile' | 'datasync'>,
		onGrowth: (growth: Growth) => void = () => {},
		ownsChunks = false,
	) {
		// Every write asks to wait, so that nobody hands over the next chunk before this one is on its way.
		super({ highWaterMark: 1 });
		this.#handle = handle;
		this.#onGrowth = onGrowth;
		this.#ownsChunks = ownsChunks;
	}

	override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
		this.#handle.writeFile(chunk).then(() => {
			// Not before: the compressor would have to wait for it.
			this.#hash.update(chunk);
			const { length } = chunk;
			if (this.#ownsChunks) discard(chunk);
			this.bytes += length;
			this.#onGrowth(this);
			this.#syncNowAndThen(length);
			callback();
		}, callback);
	}

	override _final(callback: (error?: Error | null) => void): void {
		this.sha256 = this.#hash.digest('hex');
		this.#onGrowth(this);
		this.#syncing.then(() => callback(), callback);
	}

	/** Has the disk write in the meantime, so that not all of it is left for the end. */
	#syncNowAndThen(bytes: number): void {
		this.#unsynced += bytes;
		if (this.#isSyncing || this.#unsynced < syncEveryBytes) return;
		this.#unsynced = 0;
		this.#isSyncing = true;
		this.#syncing = this.#handle.datasync().finally(() => (this.#isSyncing = false));
		this.#syncing.catch((error: Error) => this.destroy(error));
	}
}
