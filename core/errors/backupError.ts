import { printable } from './printable';

/**
 * What went wrong, as a word that code can branch on. The sentences are for people.
 *
 * - `bad-parameter`: what was asked for makes no sense; nothing was started
 * - `not-found`, `not-permitted`, `exists`, `no-space`: of files and directories
 * - `disk`: a disk or share failed, which says nothing of the files on it
 * - `unreachable`, `auth`, `server`: of the other side: no connection, refused identity, an error it reported
 * - `incomplete`: the bytes ended before they were whole
 * - `damaged`: an artifact does not hold what its manifest or its format says
 * - `unreadable`: a manifest that cannot be judged; it says nothing of its artifact, neither good nor bad
 * - `shrunk`: a backup is whole and kept, but holds far less than the last full one before it
 * - `unsupported`: asked for something this engine or this server cannot do
 * - `cancelled`: the AbortSignal fired
 */
export type BackupErrorCode =
	| 'bad-parameter'
	| 'not-found'
	| 'not-permitted'
	| 'exists'
	| 'no-space'
	| 'disk'
	| 'unreachable'
	| 'auth'
	| 'server'
	| 'incomplete'
	| 'damaged'
	| 'unreadable'
	| 'shrunk'
	| 'unsupported'
	| 'cancelled'
	| 'internal';

export interface BackupErrorOptions {
	/** What to do next: one sentence, in the imperative. */
	advice: string;
	cause?: unknown;
}

/**
 * The only error that core throws on purpose. `what` says what happened and `advice` what to do next, one
 * sentence each; `message` is both. Neither ever holds a secret, nor what a terminal would obey.
 */
export class BackupError extends Error {
	override readonly name = 'BackupError';
	readonly code: BackupErrorCode;
	readonly what: string;
	readonly advice: string;

	constructor(code: BackupErrorCode, what: string, { advice, cause }: BackupErrorOptions) {
		super(`${asSentence(what)} ${asSentence(advice)}`, { cause });
		this.code = code;
		this.what = asSentence(what);
		this.advice = asSentence(advice);
	}
}

/** Whether something thrown is a {@link BackupError} of this code. */
export function hasCode(error: unknown, code: BackupErrorCode): error is BackupError {
	return error instanceof BackupError && error.code === code;
}

/** Cancelling is no fault of anyone's, but it must never look like success either. */
export function cancelledError(cause?: unknown): BackupError {
	return new BackupError('cancelled', 'The run was cancelled before it was finished', {
		advice: 'Nothing was kept of it; start it again when you want it',
		cause,
	});
}

/** `errno` codes such as `ENOENT`, and Node's own such as `ABORT_ERR`; undefined where there is none. */
export function errorCode(error: unknown): string | undefined {
	if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
	return typeof error.code === 'string' ? error.code : undefined;
}

/** The message of anything that can be thrown. */
export function errorMessage(error: unknown): string {
	if (typeof error === 'object' && error !== null && 'message' in error) return String(error.message);
	return String(error);
}

function asSentence(text: string): string {
	const trimmed = printable(text).trim();
	return /[.!?…]["')\]]?$/.test(trimmed) ? trimmed : `${trimmed}.`;
}
