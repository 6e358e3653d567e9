import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { BackupError, cancelledError } from '../../errors';
import { fromWorkerError } from '../../errors/workerError';
import type { UnpackOptions, UnpackReport } from './unpackArchive';
import type { UnpackMessage } from './unpackWorker';

/**
 * Does what `unpackArchive` does, in a thread of its own, which is gone when this settles. The signal is heeded
 * until the archive is whole; the moving into place that follows takes an instant and is not to be cut in two.
 */
export async function unpackInWorker(
	options: UnpackOptions,
	onBytes: (rawBytes: number) => void,
	signal: AbortSignal,
): Promise<UnpackReport> {
	if (signal.aborted) throw cancelledError(signal.reason);
	const worker = new Worker(join(__dirname, 'unpackWorker.js'), { workerData: options });
	const ignoreSignal = new AbortController();
	try {
		return await new Promise<UnpackReport>((resolve, reject) => {
			const cancel = () => reject(cancelledError(signal.reason));
			signal.addEventListener('abort', cancel, { signal: ignoreSignal.signal });
			worker.on('error', reject);
			worker.on('exit', (exitCode) => reject(endedEarly(exitCode)));
			worker.on('message', (message: UnpackMessage) => {
				if (message.kind === 'progress') onBytes(message.rawBytes);
				else if (message.kind === 'commit') ignoreSignal.abort();
				else if (message.kind === 'done') resolve(message.report);
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
