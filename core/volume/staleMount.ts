import { BackupError } from '../errors';

/**
 * The error for a file without a name that its path still leads to: a file that is mounted by itself stays what it
 * was, also when an editor or `sed -i` has put another in its place on the host.
 */
export function replacedOnHostError(path: string): BackupError {
	return new BackupError(
		'not-found',
		`${path} was replaced or removed on the host; what is mounted here is the old file, which nobody sees any more`,
		{
			advice:
				'Mount the directory that holds it instead of the file by itself, recreate the container, and use the path in there',
		},
	);
}

/** The error for a directory where a file was to be. Docker makes one to mount when the host has no such file. */
export function missingOnHostError(path: string): BackupError {
	return new BackupError(
		'not-found',
		`${path} is an empty directory, not a file: Docker makes one where the file to be mounted is missing on the host`,
		{
			advice:
				'Remove that directory on the host and put the file there, mount the directory that holds it instead of the file by itself, and recreate the container',
		},
	);
}
