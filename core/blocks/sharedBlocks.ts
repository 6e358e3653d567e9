/**
 * Blocks of shared memory that a worker fills, one after the other and round again, and the main thread reads. The
 * worker waits where all of them are full: that is the back-pressure.
 */
export interface SharedBlocks {
	bytes: SharedArrayBuffer;
	/** One 32-bit word: how many blocks the main thread has released so far. */
	released: SharedArrayBuffer;
	blockBytes: number;
}

/** Says that a block was filled; the worker posts it to the main thread, in order. */
export interface FilledBlock {
	/** Counted from the first block ever filled. */
	number: number;
	length: number;
}

const defaultBlockBytes = 1024 * 1024;

/** What is ahead of the compressor evens out that now the worker and now the compressor is the slower one. */
const defaultCount = 8;

export function createSharedBlocks(count = defaultCount, blockBytes = defaultBlockBytes): SharedBlocks {
	return {
		bytes: new SharedArrayBuffer(count * blockBytes),
		released: new SharedArrayBuffer(4),
		blockBytes,
	};
}

/** The worker's end. */
export class BlockWriter {
	readonly blockBytes: number;
	readonly #bytes: SharedArrayBuffer;
	readonly #released: Int32Array;
	readonly #post: (filled: FilledBlock) => void;
	#passed = 0;
	#block: Buffer | undefined;

	constructor({ bytes, released, blockBytes }: SharedBlocks, post: (filled: FilledBlock) => void) {
		this.blockBytes = blockBytes;
		this.#bytes = bytes;
		this.#released = new Int32Array(released);
		this.#post = post;
	}

	/** The block to be filled, with whatever was left in it. Blocks the thread until there is one. */
	get block(): Buffer {
		this.#block ??= this.#nextBlock();
		return this.#block;
	}

	/** Hands the first `length` bytes of the block on. */
	pass(length: number): void {
		this.#block = undefined;
		this.#post({ number: this.#passed++, length });
	}

	#nextBlock(): Buffer {
		const count = this.#bytes.byteLength / this.blockBytes;
		for (;;) {
			const released = Atomics.load(this.#released, 0);
			if (this.#passed - released < count) break;
			Atomics.wait(this.#released, 0, released);
		}
		return Buffer.from(this.#bytes, (this.#passed % count) * this.blockBytes, this.blockBytes);
	}
}

/** The main thread's end: the block that a worker said it has filled. Blocks are to be released in their order. */
export function openBlock(
	{ bytes, released, blockBytes }: SharedBlocks,
	{ number, length }: FilledBlock,
): { bytes: Buffer; release: () => void } {
	const count = bytes.byteLength / blockBytes;
	return {
		bytes: Buffer.from(bytes, (number % count) * blockBytes, length),
		release: () => {
			const word = new Int32Array(released);
			Atomics.add(word, 0, 1);
			Atomics.notify(word, 0);
		},
	};
}
