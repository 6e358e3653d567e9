import { BackupError, errorCode, fileError } from '../../errors';
import { displayPath } from '../../tar/member';

/** An error for what is in the tree but cannot be read: a backup must not miss a file in silence. */
export function unreadable(error: unknown, location: Buffer): BackupError {
	const path = displayPath(location);
	if (!['EACCES', 'EPERM'].includes(errorCode(error) ?? '')) return fileError(error, path);
	return new BackupError(
		'not-permitted',
		`n8n is not permitted to read ${path}, so the archive would lack it`,
		{
			advice:
				'Give the user that n8n runs as (in its image: node, uid 1000) read access, or exclude it by a pattern',
			cause: error,
		},
	);
}
