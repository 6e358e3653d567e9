import { type BigIntStats, closeSync, constants, lstatSync, openSync, statSync } from 'node:fs';
import { BackupError } from '../errors';

/** Linux takes no longer path in one call, the zero byte at its end included (PATH_MAX, limits.h). */
export const systemPathBytes = 4096;

/** NAME_MAX. */
const longestNameBytes = 255;

/** A directory by a path that is short enough to add any name to. */
export interface ShortPath {
	location: Buffer;
	/** To be closed when the path is no longer needed; undefined when it is the ordinary one. */
	descriptor?: number;
}

/** Whether any name can be added to the path of a directory. */
export function takesNames(location: Buffer): boolean {
	return location.length + 1 + longestNameBytes + 1 <= systemPathBytes;
}

/**
 * A path for what is in a directory. Where names added to `location` would be more than the system takes, the
 * directory is opened and reached through its descriptor, as programs with `openat` do. The path names this
 * process, so that a child can use it, too.
 *
 * @param shown its path for people
 * @param identity of the directory, where it is known, to know it again
 * @throws BackupError `unsupported` where there is no `/proc` to do that with
 */
export function shortPathTo(
	location: Buffer,
	shown: () => string,
	identity?: Pick<BigIntStats, 'dev' | 'ino'>,
): ShortPath {
	return takesNames(location) ? { location } : openedPathTo(location, shown, identity);
}

/** As {@link shortPathTo}, whatever the length. */
export function openedPathTo(
	location: Buffer,
	shown: () => string,
	identity: Pick<BigIntStats, 'dev' | 'ino'> = lstatSync(location, { bigint: true }),
): Required<ShortPath> {
	const descriptor = openSync(location, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
	const short = Buffer.from(`/proc/${process.pid}/fd/${descriptor}`);
	const found = statSync(short, { bigint: true, throwIfNoEntry: false });
	if (found?.dev === identity.dev && found.ino === identity.ino) return { location: short, descriptor };
	closeSync(descriptor);
	throw new BackupError(
		'unsupported',
		`Paths below ${shown()} are longer than the ${systemPathBytes} bytes that the system takes`,
		{ advice: 'Mount /proc, or leave that directory out' },
	);
}
