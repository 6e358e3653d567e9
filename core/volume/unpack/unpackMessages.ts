import type { DecryptionKeys } from '../../encryption';
import type { WorkerError } from '../../errors/workerError';
import type { ExtractReport } from './unpackArchive';

/** From the worker. */
export type UnpackMessage =
	| { kind: 'progress'; rawBytes: number }
	/** Everything is there. It is put in place when {@link commitMessage} answers. */
	| { kind: 'whole' }
	| { kind: 'done'; report: ExtractReport }
	| { kind: 'failed'; error: WorkerError };

/** To the worker, the first message: what an encrypted archive is read with, a secret. */
export interface UnpackKeys {
	keys: DecryptionKeys | undefined;
}

/** To the worker, the second: from here on nothing ends it. */
export const commitMessage = 'commit';
