import { once } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import { toWorkerError } from '../../errors/workerError';
import { unpackArchive, type UnpackOptions } from './unpackArchive';
import type { UnpackKeys, UnpackMessage } from './unpackMessages';

/** The thread that writes the tree: as for reading it, synchronous calls are far cheaper, and block nobody here. */

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
		const beforeCommit = async () => {
			const answered = once(port, 'message');
			post({ kind: 'whole' });
			await answered;
		};
		const [{ keys }] = (await once(port, 'message')) as [UnpackKeys];
		const options = { ...(workerData as UnpackOptions), keys };
		post({ kind: 'done', report: await unpackArchive(options, { onBytes, beforeCommit }) });
	} catch (error) {
		post({ kind: 'failed', error: toWorkerError(error) });
	}
}

void main();
