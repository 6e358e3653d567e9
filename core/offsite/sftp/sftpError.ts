import { BackupError, type BackupErrorCode, networkError } from '../../errors';

/** Of the protocol's version 3: draft-ietf-secsh-filexfer-02, section 7. */
export const SftpStatus = {
	noSuchFile: 2,
	permissionDenied: 3,
	failure: 4,
	noConnection: 6,
	connectionLost: 7,
	unsupported: 8,
} as const;

/** The number that an SFTP server answered with; undefined for anything else. */
export function statusOf(error: unknown): number | undefined {
	const { code } = (error ?? {}) as { code?: unknown };
	return typeof code === 'number' ? code : undefined;
}

/** What ssh2 reports of a file on an SFTP server as a {@link BackupError}: by the status, never by its words. */
export function sftpError(error: unknown, path: string): BackupError {
	if (error instanceof BackupError) return error;
	const tell = (code: BackupErrorCode, what: string, advice: string) =>
		new BackupError(code, what, { advice, cause: error });
	switch (statusOf(error)) {
		case SftpStatus.noSuchFile:
			return tell(
				'not-found',
				`${path} does not exist`,
				'Create the directory on that server, or correct the path',
			);
		case SftpStatus.permissionDenied:
			return tell(
				'not-permitted',
				`${path} may not be used by this user`,
				'Give the user on that server access to it',
			);
		case SftpStatus.unsupported:
			return tell(
				'unsupported',
				`The server of ${path} cannot do what was asked of it`,
				'Use another server',
			);
		case SftpStatus.failure:
			return tell(
				'server',
				`The server of ${path} reported a failure without a reason`,
				'See there whether the disk is full or a quota is reached, then run it again',
			);
		case undefined:
			return networkError(error, path);
		default:
			return networkError(Object.assign(new Error('lost'), { code: 'ECONNRESET' }), path);
	}
}
