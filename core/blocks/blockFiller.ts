import { BlockStream } from './blockStream';
import type { ByteTarget } from './byteTarget';

const blockBytes = 1024 * 1024;

/** What is ahead of the compressor evens out that now the server and now the compressor is the slower one. */
const blockCount = 8;

/** Gathers bytes that come in small pieces in a few blocks, which are used again and again. */
export class BlockFiller implements ByteTarget {
	/** The filled blocks. */
	readonly output = new BlockStream();
	readonly #onBlock: (bytes: Buffer) => void;
	readonly #free: Buffer[] = [];
	#made = 0;
	#block: Buffer | undefined;
	#filled = 0;
	#onRoom: (() => void) | undefined;

	/** @param onBlock sees each block before its reader does */
	constructor(onBlock: (bytes: Buffer) => void = () => {}) {
		this.#onBlock = onBlock;
	}

	space(): Buffer | undefined {
		this.#block ??= this.#free.pop() ?? this.#newBlock();
		return this.#block?.subarray(this.#filled);
	}

	advance(count: number): void {
		this.#filled += count;
		if (this.#filled === blockBytes) this.flush();
	}

	async room(): Promise<void> {
		await new Promise<void>((resolve) => {
			this.#onRoom = resolve;
		});
	}

	/** Hands on what has been gathered. */
	flush(): void {
		const block = this.#block;
		if (!block || this.#filled === 0) return;
		const bytes = block.subarray(0, this.#filled);
		this.#block = undefined;
		this.#filled = 0;
		this.#onBlock(bytes);
		this.output.deliver({ bytes, release: () => this.#recycle(block) });
	}

	#newBlock(): Buffer | undefined {
		if (this.#made === blockCount) return undefined;
		this.#made++;
		// Shared, so that another thread can read it where it lies.
		return Buffer.from(new SharedArrayBuffer(blockBytes));
	}

	#recycle(block: Buffer): void {
		this.#free.push(block);
		this.#onRoom?.();
	}
}
