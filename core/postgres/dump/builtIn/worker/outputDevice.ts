import type { BlockWriter } from '../../../../blocks';

/** Gathers what pg_dump writes, about a kilobyte at a time, into blocks. */
export class OutputDevice {
	readonly #blocks: BlockWriter;
	#filled = 0;

	constructor(blocks: BlockWriter) {
		this.#blocks = blocks;
	}

	/** @param memory of the program, in which the bytes lie */
	write(memory: Buffer, offset: number, length: number): void {
		let position = offset;
		const end = offset + length;
		while (position < end) {
			const { block, blockBytes } = this.#blocks;
			const count = Math.min(end - position, blockBytes - this.#filled);
			memory.copy(block, this.#filled, position, position + count);
			this.#filled += count;
			position += count;
			if (this.#filled === blockBytes) this.flush();
		}
	}

	/** Hands on what has been gathered. */
	flush(): void {
		if (this.#filled === 0) return;
		this.#blocks.pass(this.#filled);
		this.#filled = 0;
	}
}
