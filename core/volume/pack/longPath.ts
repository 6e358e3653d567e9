import { closeSync, constants, openSync, statSync } from 'node:fs';
import { BackupError } from '../../errors';
import { identityOf, type Identity } from './place';

/** Linux takes no longer path in one call, the zero byte at its end included (PATH_MAX, limits.h). */
const longestPathBytes = 4096;

/** NAME_MAX. */
const longestNameBytes = 255;

/** A directory by a path that is short enough to add any name to. */
export interface ShortPath {
	location: Buffer;
	/** To be closed when the path is no longer needed; undefined when it is the ordinary one. */
	descriptor?: number;
}

/**
 * A path for what is in a directory. Where names added to `location` would be more than the system takes, the
 * directory is opened and reached through its descriptor, as programs with `openat` do. The path names this
 * process, so that a child can use it, too.
 *
 * @param identity of the directory, to know it again
 * @param shown its path for people
 * @throws BackupError `unsupported` where there is no `/proc` to do that with
 */
export function shortPathTo(location: Buffer, identity: Identity, shown: () => string): ShortPath {
	if (location.length + 1 + longestNameBytes + 1 <= longestPathBytes) return { location };
	const descriptor = openSync(location, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
	const short = Buffer.from(`/proc/${process.pid}/fd/${descriptor}`);
	const found = statSync(short, { bigint: true, throwIfNoEntry: false });
	if (found && identityOf(found) === identityOf(identity)) return { location: short, descriptor };
	closeSync(descriptor);
	throw new BackupError(
		'unsupported',
		`Paths below ${shown()} are longer than the ${longestPathBytes} bytes that the system takes`,
		{
			advice: 'Mount /proc, or exclude that directory by a pattern',
		},
	);
}
