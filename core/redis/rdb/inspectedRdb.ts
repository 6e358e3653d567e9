import { join } from 'node:path';
import type { MessagePort } from 'node:worker_threads';
import { BlockStream } from '../../blocks';
import { fromWorkerError } from '../../errors/workerError';
import { type JobThread, lossError, smallHeap, takeThread } from '../../threads';
import type { RdbFacts } from './rdbInspector';
import type { RdbInput, RdbOutput } from './rdbMessages';

/**
 * An RDB that a thread looks through while its blocks pass: both see them where they lie. It fails at its end when the RDB
 * is not whole and sound, so that nothing behind it mistakes it for finished. {@link facts} are there once it has ended.
 */
export class InspectedRdb extends BlockStream {
	/** Undefined until the last byte was seen and judged. */
	facts: RdbFacts | undefined;
	readonly #blocks: BlockStream;
	readonly #thread: JobThread;
	readonly #port: MessagePort;
	readonly #verdict = Promise.withResolvers<RdbFacts>();
	/** What is with the thread, in order. */
	readonly #release: Array<() => void> = [];

	/** @param blocks in shared memory; they belong to this stream, which destroys them */
	constructor(blocks: BlockStream) {
		super();
		this.#blocks = blocks;
		this.#thread = takeThread({ file: join(__dirname, 'rdbWorker.js'), name: 'rdb', limits: smallHeap });
		this.#port = this.#thread.begin(undefined);
		this.#port.on('message', (output: RdbOutput) => this.#receive(output));
		void this.#thread.lost.then((loss) => this.destroy(lossError(loss, 'looks through the snapshot')));
		this.#verdict.promise.catch(() => {});
		this.#pass().catch((error: Error) => this.destroy(error));
	}

	override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
		this.#blocks.destroy(error ?? undefined);
		void this.#thread.end();
		super._destroy(error, callback);
	}

	async #pass(): Promise<void> {
		for (let block = await this.#blocks.nextBlock(); block; block = await this.#blocks.nextBlock()) {
			const { bytes, release } = block;
			let users = 2;
			const done = () => {
				users -= 1;
				if (users === 0) release();
			};
			this.#release.push(done);
			this.#post({ kind: 'block', memory: bytes.buffer, offset: bytes.byteOffset, length: bytes.length });
			this.deliver({ bytes, release: done });
		}
		this.#post({ kind: 'end' });
		this.facts = await this.#verdict.promise;
		this.#thread.release();
		this.end();
	}

	#post(input: RdbInput): void {
		this.#port.postMessage(input);
	}

	#receive(output: RdbOutput): void {
		if (output.kind === 'released') this.#release.shift()?.();
		else if (output.kind === 'sound') this.#verdict.resolve(output.facts);
		else this.#verdict.reject(fromWorkerError(output.error));
	}
}
