import { BackupError, type BackupErrorCode, errorCode, errorMessage } from './backupError';

/** A BackupError on its way between threads, where classes are lost. */
export interface WorkerError {
	code: BackupErrorCode;
	what: string;
	advice: string;
	/** The original stack, for whoever debugs it. */
	stack?: string;
}

export function toWorkerError(error: unknown): WorkerError {
	const stack = error instanceof Error ? error.stack : undefined;
	if (error instanceof BackupError)
		return { code: error.code, what: error.what, advice: error.advice, stack };
	if (errorCode(error) === 'ERR_WORKER_OUT_OF_MEMORY') {
		return {
			code: 'incomplete',
			what: 'A thread had no memory left for its work',
			advice: 'Give n8n more memory, then run it again',
			stack,
		};
	}
	return {
		code: 'internal',
		what: errorMessage(error),
		advice: 'Report this as a bug of this package',
		stack,
	};
}

export function fromWorkerError({ code, what, advice, stack }: WorkerError): BackupError {
	return new BackupError(code, what, { advice, cause: stack });
}
