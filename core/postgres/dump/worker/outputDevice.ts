import type { Credit } from './credit';

/** pg_dump writes about a kilobyte at a time; this much of it is handed on at once, the size of a compressor's step. */
const chunkBytes = 1024 * 1024;

/** Gathers small writes into large chunks and posts them, as far as there is credit. */
export class OutputDevice {
	readonly #credit: Credit;
	readonly #post: (bytes: Uint8Array) => void;
	#chunk = newChunk();
	#filled = 0;

	/** @param post takes the chunk for good; it is not used again here */
	constructor(credit: Credit, post: (bytes: Uint8Array) => void) {
		this.#credit = credit;
		this.#post = post;
	}

	write(source: Int8Array, offset: number, length: number): void {
		let position = offset;
		const end = offset + length;
		while (position < end) {
			const count = Math.min(end - position, chunkBytes - this.#filled);
			this.#chunk.set(source.subarray(position, position + count), this.#filled);
			this.#filled += count;
			position += count;
			if (this.#filled === chunkBytes) this.flush();
		}
	}

	/** Posts what has been gathered. */
	flush(): void {
		if (this.#filled === 0) return;
		this.#credit.spend(this.#filled);
		this.#post(this.#chunk.subarray(0, this.#filled));
		this.#chunk = newChunk();
		this.#filled = 0;
	}
}

/** Memory of its own, which can change threads, and is not cleared first. */
function newChunk(): Uint8Array {
	return Buffer.allocUnsafeSlow(chunkBytes);
}
