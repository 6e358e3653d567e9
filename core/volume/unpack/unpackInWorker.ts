import { join } from 'node:path';
import type { DecryptionKeys } from '../../encryption';
import { BackupError, cancelledError } from '../../errors';
import { fromWorkerError, toWorkerError } from '../../errors/workerError';
import { startThread } from '../../threads';
import type { ExtractReport, UnpackOptions } from './unpackArchive';
import { commitMessage, type UnpackKeys, type UnpackMessage } from './unpackMessages';

/**
 * Does what `unpackArchive` does, in a thread of its own, which is gone when this settles. The signal is heeded
 * until the archive is whole: then the thread asks, and is ended if it was cancelled meanwhile. The moving into place
 * that follows takes an instant and is not to be cut in two.
 */
export async function unpackInWorker(
	{ keys, ...options }: UnpackOptions & { keys?: DecryptionKeys },
	onBytes: (rawBytes: number) => void,
	signal: AbortSignal,
): Promise<ExtractReport> {
	if (signal.aborted) throw cancelledError(signal.reason);
	const worker = startThread(join(__dirname, 'unpackWorker.js'), { name: 'unpack', data: options });
	worker.postMessage({ keys } satisfies UnpackKeys);
	const ignoreSignal = new AbortController();
	try {
		return await new Promise<ExtractReport>((resolve, reject) => {
			const cancel = () => reject(cancelledError(signal.reason));
			signal.addEventListener('abort', cancel, { signal: ignoreSignal.signal });
			worker.on('error', (error) => reject(fromWorkerError(toWorkerError(error))));
			worker.on('exit', (exitCode) => reject(endedEarly(exitCode)));
			worker.on('message', (message: UnpackMessage) => {
				if (message.kind === 'progress') onBytes(message.rawBytes);
				else if (message.kind === 'whole') {
					if (signal.aborted) return;
					ignoreSignal.abort();
					worker.postMessage(commitMessage);
				} else if (message.kind === 'done') resolve(message.report);
				else reject(fromWorkerError(message.error));
			});
		});
	} finally {
		ignoreSignal.abort();
		await worker.terminate();
	}
}

function endedEarly(exitCode: number): BackupError {
	return new BackupError(
		'incomplete',
		`The thread that extracts the archive ended early (code ${exitCode})`,
		{
			advice: 'Run it again; if it happens again, give n8n more memory',
		},
	);
}
