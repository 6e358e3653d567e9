import type { Worker } from 'node:worker_threads';
import { startThread, type ThreadOptions } from './startThread';

/** Threads that do the same, and so can stand in for each other. */
export interface ThreadKind extends ThreadOptions {
	/** The path of a module that calls `serveJobs`. */
	file: string;
}

/** Why a thread is gone. */
export interface ThreadLoss {
	/** What it failed with, if it did. */
	error?: Error;
}

/** How long a thread waits for its next job. The backups of a night follow one another. */
const idleMs = 10_000;

/** Those that wait. */
const idle = new Set<PooledThread>();

/** A thread that has one job after the other. */
export class PooledThread {
	readonly worker: Worker;
	/** Called once, when the thread ends by itself. */
	onLost: ((loss: ThreadLoss) => void) | undefined;
	readonly #file: string;
	#isGone = false;
	#timer: NodeJS.Timeout | undefined;

	private constructor(kind: ThreadKind) {
		this.#file = kind.file;
		this.worker = startThread(kind.file, kind);
		this.worker.once('error', (error: Error) => this.#lose({ error }));
		this.worker.once('exit', () => this.#lose({}));
	}

	/** One that waits, or else a new one. */
	static take(kind: ThreadKind): PooledThread {
		const waiting = [...idle].findLast((thread) => thread.#file === kind.file);
		if (!waiting) return new PooledThread(kind);
		waiting.#rouse();
		return waiting;
	}

	/** Waits for its next job, and ends when none comes. Meanwhile it keeps no process alive. */
	rest(): void {
		if (this.#isGone) return;
		idle.add(this);
		this.worker.unref();
		this.#timer = setTimeout(() => void this.#end(), idleMs).unref();
	}

	#rouse(): void {
		idle.delete(this);
		clearTimeout(this.#timer);
		this.worker.ref();
	}

	#lose(loss: ThreadLoss): void {
		this.#isGone = true;
		idle.delete(this);
		this.onLost?.(loss);
	}

	async #end(): Promise<void> {
		idle.delete(this);
		await this.worker.terminate();
	}
}
