import { join } from 'node:path';
import type { DecryptionKeys } from '../../encryption';
import { cancelledError } from '../../errors';
import { fromWorkerError } from '../../errors/workerError';
import { lossError, takeThread } from '../../threads';
import type { ExtractReport, UnpackOptions } from './unpackArchive';
import { commitMessage, type UnpackMessage } from './unpackMessages';

/**
 * Does what `unpackArchive` does, in a thread of its own, which is done when this settles. The signal is heeded
 * until the archive is whole: then the thread asks, and is ended if it was cancelled meanwhile. The moving into place
 * that follows takes an instant and is not to be cut in two.
 */
export async function unpackInWorker(
	options: UnpackOptions & { keys?: DecryptionKeys },
	onBytes: (rawBytes: number) => void,
	signal: AbortSignal,
): Promise<ExtractReport> {
	if (signal.aborted) throw cancelledError(signal.reason);
	const thread = takeThread({ file: join(__dirname, 'unpackWorker.js'), name: 'unpack' });
	const port = thread.begin(options);
	const ignoreSignal = new AbortController();
	try {
		const report = await new Promise<ExtractReport>((resolve, reject) => {
			const cancel = () => reject(cancelledError(signal.reason));
			signal.addEventListener('abort', cancel, { signal: ignoreSignal.signal });
			void thread.lost.then((loss) => reject(lossError(loss, 'extracts the archive')));
			port.on('message', (message: UnpackMessage) => {
				if (message.kind === 'progress') onBytes(message.rawBytes);
				else if (message.kind === 'whole') {
					if (signal.aborted) return;
					ignoreSignal.abort();
					port.postMessage(commitMessage);
				} else if (message.kind === 'done') resolve(message.report);
				else reject(fromWorkerError(message.error));
			});
		});
		thread.release();
		return report;
	} finally {
		ignoreSignal.abort();
		await thread.end();
	}
}
