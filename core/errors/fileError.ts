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

const shareLost: FileAdvice = {
	code: 'disk',
	what: (path) => `The disk or share that holds ${path} is not there any more`,
	advice: 'See that it is connected and mounted again, then run it again',
};

const inUse: FileAdvice = {
	code: 'disk',
	what: (path) => `${path} is in use by something else`,
	advice: 'See what holds it (a mount, another program, a lease of a file server), then run it again',
};

const tooManyFiles: FileAdvice = {
	code: 'disk',
	what: (path) => `${path} could not be opened: too many files are open already`,
	advice: 'Raise the limit of open files (ulimit -n) of n8n or of the machine, then run it again',
};

const refused: FileAdvice = {
	code: 'unsupported',
	what: (path) => `The file system of ${path} cannot do what was asked of it`,
	advice: 'Choose another disk, or another kind of share',
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
	ENOTEMPTY: {
		code: 'exists',
		what: (path) => `${path} is not empty`,
		advice: 'Move away what is in it; nothing was overwritten',
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
	ELOOP: {
		code: 'bad-parameter',
		what: (path) =>
			`${path} is a symbolic link where a file of its own was expected, or links that end nowhere`,
		advice: 'Remove the link, or name the place that it points to',
	},
	EILSEQ: {
		code: 'bad-parameter',
		what: (path) => `The name of ${path} has characters that this file system does not take`,
		advice: 'Choose a prefix of plain letters and digits',
	},
	ENOSPC: noSpace,
	EDQUOT: noSpace,
	EFBIG: {
		code: 'no-space',
		what: (path) => `${path} became larger than a file may be there`,
		advice: 'Choose another disk (FAT takes 4 GB at most), or raise the limit of file sizes (ulimit -f)',
	},
	EIO: {
		code: 'disk',
		what: (path) => `The disk reported an error with ${path}`,
		advice: 'Look into the log of the machine (dmesg) and check the disk or the share before you rely on it',
	},
	EREMOTEIO: shareLost,
	ESTALE: shareLost,
	ENODEV: shareLost,
	ENXIO: shareLost,
	ENOTCONN: shareLost,
	ECONNRESET: shareLost,
	ECONNABORTED: shareLost,
	EHOSTDOWN: shareLost,
	EHOSTUNREACH: shareLost,
	ENETUNREACH: shareLost,
	ESHUTDOWN: shareLost,
	ETIMEDOUT: {
		code: 'disk',
		what: (path) => `The disk or share that holds ${path} did not answer in time`,
		advice: 'Check the share and the network to it, then run it again',
	},
	EBUSY: inUse,
	ETXTBSY: inUse,
	EAGAIN: inUse,
	EMFILE: tooManyFiles,
	ENFILE: tooManyFiles,
	ENOMEM: {
		code: 'disk',
		what: (path) => `The machine had no memory left to use ${path}`,
		advice: 'Give n8n or the machine more memory, then run it again',
	},
	EMLINK: refused,
	EXDEV: refused,
	EINVAL: refused,
	ENOSYS: refused,
	ENOTSUP: refused,
	EOPNOTSUPP: refused,
};

/**
 * A file-system error as a {@link BackupError} that names `path` and says what to do. A BackupError is returned
 * as it is. Of an error number that nobody foresaw the name is shown, of anything else its own words.
 */
export function fileError(error: unknown, path: string): BackupError {
	if (error instanceof BackupError) return error;
	const code = errorCode(error) ?? '';
	const known = byErrno[code];
	if (known) return new BackupError(known.code, known.what(path), { advice: known.advice, cause: error });
	const isErrno = /^(?!ERR_)[A-Z0-9_]+$/.test(code);
	return new BackupError(
		isErrno ? 'disk' : 'internal',
		`${path} could not be used: ${isErrno ? `the system says ${code}` : errorMessage(error)}`,
		{ advice: 'Check the disk and the path, then run it again', cause: error },
	);
}
