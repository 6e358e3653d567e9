import { BackupError, type BackupErrorCode, errorCode, networkError } from '../../errors';

/** The HTTP status that a server answered with; undefined for anything else. */
export function statusOf(error: unknown): number | undefined {
	const { status } = (error ?? {}) as { status?: unknown };
	return typeof status === 'number' ? status : undefined;
}

interface Answer {
	code: BackupErrorCode;
	what: (path: string) => string;
	advice: string;
}

const byStatus: Record<number, Answer> = {
	401: {
		code: 'auth',
		what: (path) => `The server of ${path} refused the user`,
		advice: 'Correct user and password; Nextcloud needs an app password where two factors are switched on',
	},
	403: {
		code: 'not-permitted',
		what: (path) => `${path} may not be used by this user`,
		advice: 'Give the user on that server access to it',
	},
	404: {
		code: 'not-found',
		what: (path) => `${path} does not exist`,
		advice: 'Create the directory on that server, or correct the address',
	},
	// What a collection that is missing makes of a PUT.
	409: {
		code: 'not-found',
		what: (path) => `The directory of ${path} does not exist`,
		advice: 'Create the directory on that server, or correct the address',
	},
	405: {
		code: 'unsupported',
		what: (path) => `The server of ${path} speaks no WebDAV there`,
		advice: 'Correct the address; Nextcloud’s is https://host/remote.php/dav/files/USER',
	},
	413: {
		code: 'no-space',
		what: (path) => `The server takes no file as large as ${path}`,
		advice: 'Raise the limit on that server (client_max_body_size, LimitRequestBody)',
	},
	423: {
		code: 'not-permitted',
		what: (path) => `${path} is locked on that server`,
		advice: 'See there what holds it',
	},
	507: {
		code: 'no-space',
		what: (path) => `There was no space left for ${path}`,
		advice: 'Free space on that server or raise the quota, then run it again',
	},
};

/** What the WebDAV client throws as a {@link BackupError}: by status and code, never by its words. */
export function webdavError(error: unknown, path: string): BackupError {
	if (error instanceof BackupError) return error;
	const status = statusOf(error);
	if (status === undefined) return isOfSocket(error) ? networkError(error, path) : notWebdav(error, path);
	const known = byStatus[status];
	if (known) return new BackupError(known.code, known.what(path), { advice: known.advice, cause: error });
	return new BackupError('server', `The server of ${path} answered with an error (HTTP ${status})`, {
		advice: 'Look into that server’s log, then run it again',
		cause: error,
	});
}

/** All others are the client's own, about an answer that it could not read. */
function isOfSocket(error: unknown): boolean {
	return errorCode(error) !== undefined || (error instanceof Error && error.name === 'AbortError');
}

function notWebdav(error: unknown, path: string): BackupError {
	return new BackupError('server', `The server of ${path} sent an answer that is no WebDAV`, {
		advice:
			'Correct the address, or see what changes answers on their way (a proxy, a login page), then run it again',
		cause: error,
	});
}
