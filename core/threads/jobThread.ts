import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { JobMessage } from './jobMessage';
import { PooledThread, type ThreadKind, type ThreadLoss } from './pooledThread';

/**
 * A thread for one job: one that has done its last job well and waits for another, or a new one. Starting a thread takes
 * longer than many a small job, so it is taken early. Whoever takes it releases it or ends it.
 */
export function takeThread(kind: ThreadKind): JobThread {
	return new JobThread(PooledThread.take(kind));
}

/** A thread as long as it is kept for one job. */
export class JobThread {
	/** Resolves where the thread is gone by itself. */
	readonly lost: Promise<ThreadLoss>;
	readonly #thread: PooledThread;
	readonly #channel = new MessageChannel();
	#isOver = false;

	constructor(thread: PooledThread) {
		this.#thread = thread;
		this.lost = new Promise((resolve) => (thread.onLost = resolve));
	}

	/**
	 * Gives it the job.
	 *
	 * @param job plain values; a secret is safe in them
	 * @returns the job's own line to the thread
	 */
	begin(job: unknown): MessagePort {
		const { port1, port2 } = this.#channel;
		const message: JobMessage<unknown> = { job, port: port2 };
		this.#thread.worker.postMessage(message, [port2]);
		return port1;
	}

	/**
	 * Gives the thread back for other jobs. To be called when this one was done well and nothing more of it will come.
	 */
	release(): void {
		if (this.#close()) this.#thread.rest();
	}

	/** Ends the thread, whatever it is at: what was cancelled or has failed is not used again. */
	async end(): Promise<void> {
		if (this.#close()) await this.#thread.worker.terminate();
	}

	/** @returns whether it was open */
	#close(): boolean {
		if (this.#isOver) return false;
		this.#isOver = true;
		this.#thread.onLost = undefined;
		this.#channel.port1.close();
		return true;
	}
}
