import { BlockStream } from './blockStream';
import { copyBytes } from './copyBytes';

const blockBytes = 1024 * 1024;

/** What is ahead of the compressor evens out that now the server and now the compressor is the slower one. */
const blockCount = 8;

/** Copies bytes that come in small pieces into a few blocks, which are used again and again. */
export class BlockFiller {
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

	/** Takes as much as there is room for; answers how many bytes that was. */
	take(bytes: Buffer): number {
		let taken = 0;
		while (taken < bytes.length) {
			this.#block ??= this.#free.pop() ?? this.#newBlock();
			if (!this.#block) break;
			const count = Math.min(bytes.length - taken, blockBytes - this.#filled);
			copyBytes(bytes, taken, taken + count, this.#block, this.#filled);
			this.#filled += count;
			taken += count;
			if (this.#filled === blockBytes) this.flush();
		}
		return taken;
	}

	/** Calls back once, when a block was given back. */
	onRoom(callback: () => void): void {
		this.#onRoom = callback;
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
		const onRoom = this.#onRoom;
		this.#onRoom = undefined;
		onRoom?.();
	}
}
