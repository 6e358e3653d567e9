import { once } from 'node:events';
import type { MessagePort } from 'node:worker_threads';
import type { DecryptionKeys } from '../../encryption';
import { toWorkerError } from '../../errors/workerError';
import { serveJobs } from '../../threads/serveJobs';
import { unpackArchive, type UnpackOptions } from './unpackArchive';
import type { UnpackMessage } from './unpackMessages';

/** The thread that writes the tree: as for reading it, synchronous calls are far cheaper, and block nobody here. */

const progressEveryBytes = 16 * 1024 * 1024;

serveJobs(unpack);

async function unpack(options: UnpackOptions & { keys?: DecryptionKeys }, port: MessagePort): Promise<void> {
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
		post({ kind: 'done', report: await unpackArchive(options, { onBytes, beforeCommit }) });
	} catch (error) {
		post({ kind: 'failed', error: toWorkerError(error) });
	}
}
