import { cancelledError } from '../errors';
import type { Destination } from './destination';
import { openDirectory } from './directory/directoryDestination';
import type { S3Options } from './s3/s3Destination';
import type { SftpOptions } from './sftp/connect';
import type { WebdavOptions } from './webdav/webdavDestination';

export type DestinationOptions =
	| {
			kind: 'directory';
			path: string;
			/** The backup directory that is copied; the destination must be another one. */
			root?: string;
	  }
	| ({ kind: 's3' } & S3Options)
	| ({ kind: 'sftp' } & SftpOptions)
	| ({ kind: 'webdav' } & WebdavOptions);

/**
 * Opens a destination; dispose of it when done. Each kind's client is loaded when it is needed: the SDK of S3 alone
 * takes longer to load than everything else.
 *
 * @throws BackupError when it cannot be reached, or makes no sense
 */
export async function openDestination(
	options: DestinationOptions,
	signal: AbortSignal,
): Promise<Destination> {
	if (signal.aborted) throw cancelledError(signal.reason);
	switch (options.kind) {
		case 'directory':
			return await openDirectory(options.path, options.root);
		case 's3': {
			const { S3Destination } = await import('./s3/s3Destination.js');
			return new S3Destination(options);
		}
		case 'sftp': {
			const { openSftpDestination } = await import('./sftp/sftpDestination.js');
			return await openSftpDestination(options, signal);
		}
		case 'webdav': {
			const { WebdavDestination } = await import('./webdav/webdavDestination.js');
			return new WebdavDestination(options);
		}
	}
}
