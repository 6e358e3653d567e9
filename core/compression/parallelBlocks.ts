import { Transform, type TransformCallback } from 'node:stream';

export interface ParallelBlocksOptions {
	/** Raw bytes in one block. */
	blockBytes: number;
	/** Blocks packed at the same time; libuv's pool, where zlib runs, has four threads by default. */
	concurrency?: number;
	/** Packs a block. Its memory is used again afterwards. */
	packBlock: (block: Buffer) => Promise<Buffer>;
	/** Called with each packed block, in order. */
	onPacked?: (packed: Buffer, rawBytes: number) => void;
	/** What follows the last block. */
	ending?: () => Buffer;
}

/**
 * Packs a stream on more than one core: it is cut into blocks, each is packed by itself on a thread pool, and the
 * packed ones are passed on in order. An empty stream is one empty block, so that there is something to unpack.
 *
 * Blocks are copied, into memory that is used again: a chunk's own may be overwritten once the next is asked for.
 */
export class ParallelBlocks extends Transform {
	readonly #options: ParallelBlocksOptions;
	readonly #concurrency: number;
	readonly #inFlight: Array<{ rawBytes: number; packing: Promise<Buffer> }> = [];
	readonly #free: Buffer[] = [];
	#block: Buffer | undefined;
	#filled = 0;
	#started = false;

	constructor({ concurrency = 3, ...options }: ParallelBlocksOptions) {
		super({ readableHighWaterMark: options.blockBytes, writableHighWaterMark: 1 });
		this.#options = options;
		this.#concurrency = concurrency;
	}

	override _transform(chunk: Buffer, _encoding: BufferEncoding, callback: TransformCallback): void {
		this.#take(chunk).then(() => callback(), callback);
	}

	override _flush(callback: TransformCallback): void {
		this.#end().then(() => callback(), callback);
	}

	async #take(chunk: Buffer): Promise<void> {
		const { blockBytes } = this.#options;
		let at = 0;
		while (at < chunk.length) {
			this.#block ??= this.#free.pop() ?? Buffer.allocUnsafeSlow(blockBytes);
			const count = Math.min(chunk.length - at, blockBytes - this.#filled);
			chunk.copy(this.#block, this.#filled, at, at + count);
			this.#filled += count;
			at += count;
			if (this.#filled < blockBytes) continue;
			this.#startBlock();
			await this.#passOn(this.#concurrency - 1);
		}
	}

	async #end(): Promise<void> {
		if (this.#filled > 0 || !this.#started) this.#startBlock();
		await this.#passOn(0);
		const { ending } = this.#options;
		if (ending) this.push(ending());
	}

	#startBlock(): void {
		const block = this.#block ?? Buffer.alloc(0);
		const content = block.subarray(0, this.#filled);
		this.#block = undefined;
		this.#filled = 0;
		this.#started = true;
		const packing = this.#options.packBlock(content);
		this.#inFlight.push({ rawBytes: content.length, packing });
		// It is awaited in its turn; until then a failure must not count as unhandled.
		packing.then(
			() => this.#free.push(block),
			() => {},
		);
	}

	/** Passes packed blocks on, in order, until at most `unfinished` are left in flight. */
	async #passOn(unfinished: number): Promise<void> {
		while (this.#inFlight.length > unfinished) {
			const { packing, rawBytes } = this.#inFlight.shift()!;
			const packed = await packing;
			this.#options.onPacked?.(packed, rawBytes);
			this.push(packed);
		}
	}
}
