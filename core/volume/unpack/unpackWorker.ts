import { parentPort, workerData } from 'node:worker_threads';
import { toWorkerError, type WorkerError } from '../../errors/workerError';
import { unpackArchive, type UnpackOptions, type UnpackReport } from './unpackArchive';

/** The thread that writes the tree: as for reading it, synchronous calls are far cheaper, and block nobody here. */

/** From the worker. */
export type UnpackMessage =
	| { kind: 'progress'; rawBytes: number }
	| { kind: 'commit' }
	| { kind: 'done'; report: UnpackReport }
	| { kind: 'failed'; error: WorkerError };

const progressEveryBytes = 16 * 1024 * 1024;

async function main(): Promise<void> {
	const port = parentPort!;
	const post = (message: UnpackMessage): void => port.postMessage(message);
	let told = 0;
	const onBytes = (rawBytes: number): void => {
		if (rawBytes - told < progressEveryBytes) return;
		told = rawBytes;
		post({ kind: 'progress', rawBytes });
	};
	try {
		const onCommit = () => post({ kind: 'commit' });
		post({ kind: 'done', report: await unpackArchive(workerData as UnpackOptions, { onBytes, onCommit }) });
	} catch (error) {
		post({ kind: 'failed', error: toWorkerError(error) });
	}
}

void main();
