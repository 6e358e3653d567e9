import { BackupError, type BackupErrorCode, errorCode, errorMessage } from './backupError';

interface FileAdvice {
	code: BackupErrorCode;
	what: (path: string) => string;
	advice: string;
}

const noSpace: FileAdvice = {
	code: 'no-space',
	what: (path) => `There was no space left to write ${path}`,
	advice: 'Free space on that disk or volume, or prune old backups, then run it again',
};

const notPermitted: FileAdvice = {
	code: 'not-permitted',
	what: (path) => `n8n is not permitted to use ${path}`,
	advice: 'Give the user that n8n runs as (in its image: node, uid 1000) access to it',
};

const byErrno: Record<string, FileAdvice> = {
	ENOENT: {
		code: 'not-found',
		what: (path) => `${path} does not exist`,
		advice: 'Create it, or correct the path; inside a container it must be mounted there',
	},
	EACCES: notPermitted,
	EPERM: notPermitted,
	EROFS: {
		code: 'not-permitted',
		what: (path) => `${path} is on a read-only file system`,
		advice: 'Mount it writable, or choose another directory',
	},
	EEXIST: {
		code: 'exists',
		what: (path) => `${path} is already there`,
		advice: 'Move that file away or choose another prefix; nothing was overwritten',
	},
	ENOTDIR: {
		code: 'bad-parameter',
		what: (path) => `${path} is not a directory, or a part of the path before it is not`,
		advice: 'Correct the path',
	},
	EISDIR: {
		code: 'bad-parameter',
		what: (path) => `${path} is a directory where a file was expected`,
		advice: 'Correct the path',
	},
	ENAMETOOLONG: {
		code: 'bad-parameter',
		what: (path) => `The name of ${path} is too long for that file system`,
		advice: 'Choose a shorter prefix',
	},
	ENOSPC: noSpace,
	EDQUOT: noSpace,
};

/**
 * A file-system error as a {@link BackupError} that names `path` and says what to do. A BackupError, and
 * anything that carries no errno, is returned as it is or wrapped with its own words.
 */
export function fileError(error: unknown, path: string): BackupError {
	if (error instanceof BackupError) return error;
	const known = byErrno[errorCode(error) ?? ''];
	if (known) return new BackupError(known.code, known.what(path), { advice: known.advice, cause: error });
	return new BackupError('internal', `${path} could not be used: ${errorMessage(error)}`, {
		advice: 'Check the disk and the path, then run it again',
		cause: error,
	});
}
