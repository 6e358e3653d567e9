import { parentPort, workerData } from 'node:worker_threads';
import { toWorkerError, type WorkerError } from '../workerError';
import { ChunkWriter } from './chunkWriter';
import { type PackOptions, type PackReport, packTree } from './packTree';

/**
 * The thread that reads the tree. Synchronous calls cost a fraction of what asynchronous ones do per file, and
 * here they block nobody.
 */

/** From the worker. */
export type PackMessage =
	| { kind: 'chunk'; chunk: Uint8Array }
	| { kind: 'done'; report: PackReport }
	| { kind: 'failed'; error: WorkerError };

/** To the worker: this many chunks have found a place. */
export interface PackAcknowledgement {
	chunks: number;
}

const chunkBytes = 1024 * 1024;

/** Chunks on their way; what the reader has not yet taken is never more than this. */
const window = 3;

async function main(): Promise<void> {
	const port = parentPort!;
	let onTheirWay = 0;
	let wake: (() => void) | undefined;
	port.on('message', ({ chunks }: PackAcknowledgement) => {
		onTheirWay -= chunks;
		wake?.();
	});

	const send = async (chunk: Buffer): Promise<void> => {
		while (onTheirWay >= window) {
			await new Promise<void>((resolve) => {
				wake = resolve;
			});
		}
		onTheirWay++;
		const message: PackMessage = { kind: 'chunk', chunk };
		port.postMessage(message, [chunk.buffer as ArrayBuffer]);
	};

	const last = await packTree(workerData as PackOptions, new ChunkWriter(chunkBytes, send)).then(
		(report): PackMessage => ({ kind: 'done', report }),
		(error: unknown): PackMessage => ({ kind: 'failed', error: toWorkerError(error) }),
	);
	port.postMessage(last);
	port.close();
}

void main();
