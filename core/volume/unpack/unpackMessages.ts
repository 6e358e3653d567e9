import type { WorkerError } from '../../errors/workerError';
import type { ExtractReport } from './unpackArchive';

/** From the worker. */
export type UnpackMessage =
	| { kind: 'progress'; rawBytes: number }
	/** Everything is there. It is put in place when {@link commitMessage} answers. */
	| { kind: 'whole' }
	| { kind: 'done'; report: ExtractReport }
	| { kind: 'failed'; error: WorkerError };

/** To the worker: from here on nothing ends it. */
export const commitMessage = 'commit';
