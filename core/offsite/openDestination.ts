import { BackupError, cancelledError } from '../errors';
import type { Destination } from './destination';
import { openDirectory } from './directory/directoryDestination';
import type { Place } from './place';

export type DestinationOptions = Place & {
	/** The backup directory that is copied. */
	root?: string;
};

/**
 * Opens a destination; dispose of it when done.
 *
 * @throws BackupError when it cannot be reached, or makes no sense
 */
export async function openDestination(
	options: DestinationOptions,
	signal: AbortSignal,
): Promise<Destination> {
	if (signal.aborted) throw cancelledError(signal.reason);
	if (options.kind === 'directory') return await openDirectory(options.path, options.root);
	throw new BackupError('unsupported', `${options.kind} is not supported yet`, { advice: 'Use a directory' });
}
