import { BackupError } from '../errors';
import { fromWorkerError, toWorkerError } from '../errors/workerError';
import type { ThreadLoss } from './pooledThread';

/**
 * Why a job was not done whose thread is gone by itself.
 *
 * @param work what the thread does: `writes the backup`
 */
export function lossError({ error }: ThreadLoss, work: string): BackupError {
	if (error) return fromWorkerError(toWorkerError(error));
	return new BackupError('incomplete', `The thread that ${work} ended early`, {
		advice: 'Run it again; if it happens again, give n8n more memory',
	});
}
