import { randomUUID } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { lstat, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileError } from '../errors';

/** Ends the name of everything that is not whole yet; such names begin with a dot. */
export const partialSuffix = '.partial';

/** Whether a file's name says that it is not whole yet. */
export function isPartial(fileName: string): boolean {
	return fileName.startsWith('.') && fileName.endsWith(partialSuffix);
}

/** What nobody has touched for this long belongs to a run that is gone. In milliseconds; ten heartbeats. */
export const abandonedAfterMs = 5 * 60_000;

export interface LeftOver {
	name: string;
	path: string;
	stats: Stats;
}

/**
 * Files and directories of runs that are gone, whichever run began them: those with a name of ours that nobody has
 * touched for {@link abandonedAfterMs} by the disk's own clock. A clock of this machine that is ahead makes
 * nothing old, and where the disk does not say what time it is, nothing is.
 *
 * @param isOurs whether a name is one that the caller's kind of run leaves behind
 * @throws BackupError when the directory cannot be read
 */
export async function findAbandoned(
	directory: string,
	isOurs: (name: string) => boolean,
): Promise<LeftOver[]> {
	const names = (await namesIn(directory)).filter((name) => isOurs(name));
	if (names.length === 0) return [];
	const now = await diskTimeMs(directory);
	if (now === undefined) return [];
	const abandoned: LeftOver[] = [];
	for (const name of names) {
		const path = join(directory, name);
		const stats = await lstat(path).catch(() => undefined);
		if (stats && now - stats.mtimeMs > abandonedAfterMs) abandoned.push({ name, path, stats });
	}
	return abandoned;
}

async function namesIn(directory: string): Promise<string[]> {
	try {
		return await readdir(directory);
	} catch (error) {
		throw fileError(error, directory);
	}
}

/** The time that the disk gives to a file that is made now; undefined when none can be made. */
async function diskTimeMs(directory: string): Promise<number | undefined> {
	const path = join(directory, `.clock-${randomUUID()}${partialSuffix}`);
	const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
	try {
		await using probe = await open(path, flags, 0o600);
		return (await probe.stat()).mtimeMs;
	} catch {
		return undefined;
	} finally {
		await rm(path, { force: true }).catch(() => {});
	}
}
