import { Worker, type ResourceLimits } from 'node:worker_threads';

export interface ThreadOptions {
	/** As the operating system shows it. */
	name: string;
	limits?: ResourceLimits;
}

/**
 * Starts a thread: the only way to. n8n's secrets and its start-up options are none of a thread's business. What it is to
 * do comes by a message, since Node prints `workerData` where `NODE_DEBUG=worker` is set.
 *
 * @param file that it runs
 */
export function startThread(file: string, { name, limits }: ThreadOptions): Worker {
	return new Worker(file, { name, resourceLimits: limits, env: {}, execArgv: [] });
}

/**
 * For threads that pass bytes on and keep nothing. A small heap has the collector look after the buffers earlier,
 * which lie outside of it: dumps and archives took up to 60 MB less.
 */
export const smallHeap: ResourceLimits = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 64 };
