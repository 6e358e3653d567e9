import type { Block } from './blockStream';
import { giveBackSharedMemory, takeSharedMemory } from './sharedMemory';

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

/** The main thread's end. */
export class BlockReader {
	/** For the worker's end. */
	readonly shared: SharedBlocks;
	readonly #released: Int32Array;
	#opened = 0;
	#isRetired = false;

	constructor(count = defaultCount, blockBytes = defaultBlockBytes) {
		const released = new SharedArrayBuffer(4);
		this.shared = { bytes: takeSharedMemory(count * blockBytes), released, blockBytes };
		this.#released = new Int32Array(released);
	}

	/** The block that the worker said it has filled. Release blocks in their order. */
	open({ number, length }: FilledBlock): Block {
		const { bytes, blockBytes } = this.shared;
		const count = bytes.byteLength / blockBytes;
		this.#opened++;
		return {
			bytes: Buffer.from(bytes, (number % count) * blockBytes, length),
			release: () => {
				Atomics.add(this.#released, 0, 1);
				Atomics.notify(this.#released, 0);
				this.#giveBackUnused();
			},
		};
	}

	/** To be called when the worker has ended: the memory may serve others once all blocks are released. */
	retire(): void {
		this.#isRetired = true;
		this.#giveBackUnused();
	}

	#giveBackUnused(): void {
		if (!this.#isRetired || Atomics.load(this.#released, 0) !== this.#opened) return;
		this.#isRetired = false;
		giveBackSharedMemory(this.shared.bytes);
	}
}
