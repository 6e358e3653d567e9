import { Worker, type ResourceLimits } from 'node:worker_threads';

export interface ThreadOptions {
	/** As the operating system shows it. */
	name: string;
	/** Plain values for it to begin with. With `NODE_DEBUG=worker` Node prints them: never a secret. */
	data?: unknown;
	limits?: ResourceLimits;
}

/**
 * Starts a thread: the only way to. n8n's secrets and its start-up options are none of a thread's business.
 *
 * @param file that it runs
 */
export function startThread(file: string, { name, data, limits }: ThreadOptions): Worker {
	return new Worker(file, { name, workerData: data, resourceLimits: limits, env: {}, execArgv: [] });
}

/**
 * For threads that pass bytes on and keep nothing. A small heap has the collector look after the buffers earlier,
 * which lie outside of it: dumps and archives took up to 60 MB less.
 */
export const smallHeap: ResourceLimits = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 64 };
