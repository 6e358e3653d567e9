import type { BlockWriter } from '../../blocks';

/**
 * Fills blocks with an archive's bytes. Headers and file contents are written straight into the block that leaves,
 * so that no byte is copied on its way from the file to the compressor.
 */
export class ChunkWriter {
	readonly #blocks: BlockWriter;
	/** Bytes of all blocks handed on. */
	#passed = 0;
	#filled = 0;

	constructor(blocks: BlockWriter) {
		this.#blocks = blocks;
	}

	get writtenBytes(): number {
		return this.#passed + this.#filled;
	}

	/** The block being filled; only what lies behind {@link position} may be written. Not zeroed. */
	get chunk(): Buffer {
		return this.#blocks.block;
	}

	get position(): number {
		return this.#filled;
	}

	/** Bytes that fit into this block. */
	get room(): number {
		return this.#blocks.blockBytes - this.#filled;
	}

	/** Counts `bytes` at the position as written; a negative number takes them back. */
	advance(bytes: number): void {
		this.#filled += bytes;
	}

	/** Makes sure that `bytes` fit in one piece: less than a block holds. */
	reserve(bytes: number): void {
		if (bytes > this.room) this.flush();
		if (bytes > this.room) throw new RangeError(`${bytes} bytes do not fit into one block`);
	}

	write(bytes: Buffer): void {
		this.reserve(bytes.length);
		bytes.copy(this.chunk, this.#filled);
		this.#filled += bytes.length;
	}

	writeZeros(bytes: number): void {
		let left = bytes;
		while (left > 0) {
			if (this.room === 0) this.flush();
			const step = Math.min(left, this.room);
			this.chunk.fill(0, this.#filled, this.#filled + step);
			this.#filled += step;
			left -= step;
		}
	}

	/** Hands on what there is. */
	flush(): void {
		if (this.#filled === 0) return;
		this.#blocks.pass(this.#filled);
		this.#passed += this.#filled;
		this.#filled = 0;
	}
}
