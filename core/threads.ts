import type { WorkerOptions } from 'node:worker_threads';

/**
 * How threads are started: n8n's secrets and its start-up options are none of their business.
 *
 * @param name as the operating system shows it
 */
export function threadOptions(name: string, workerData: unknown): WorkerOptions {
	return { name, workerData, env: {}, execArgv: [] };
}

/**
 * For threads that pass bytes on and keep nothing. A small heap has the collector look after the buffers earlier,
 * which lie outside of it: dumps and archives took up to 60 MB less.
 */
export const smallHeap = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 64 };
