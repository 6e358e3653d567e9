import { type BigIntStats, fstatSync, type Stats } from 'node:fs';

/** Seconds that are exact in a number of ours, and with them everywhere that the archive is read. */
const limit = BigInt(Number.MAX_SAFE_INTEGER);

const nanosecondsInSecond = 1_000_000_000n;

/** A file's time in whole seconds, rounded down as GNU tar does, and kept within what an archive can hold. */
export interface ModifiedAt {
	mtime: number;
	/** Whether the file has a time that an archive cannot hold. */
	isClamped: boolean;
}

export function modifiedAt({ mtimeNs }: Pick<BigIntStats, 'mtimeNs'>): ModifiedAt {
	const isBetweenSecondsBefore1970 = mtimeNs < 0n && mtimeNs % nanosecondsInSecond !== 0n;
	const seconds = mtimeNs / nanosecondsInSecond - (isBetweenSecondsBefore1970 ? 1n : 0n);
	const held = seconds > limit ? limit : seconds < -limit ? -limit : seconds;
	return { mtime: Number(held), isClamped: held !== seconds };
}

/**
 * The time of an open file. Milliseconds in a number round up to the next second just before it, and are not exact
 * in the far future: only then the file is asked once more, for every digit.
 */
export function modifiedAtOf({ mtimeMs }: Pick<Stats, 'mtimeMs'>, descriptor: number): ModifiedAt {
	const isExact = mtimeMs % 1000 !== 0 && Math.abs(mtimeMs) < Number.MAX_SAFE_INTEGER;
	if (isExact) return { mtime: Math.floor(mtimeMs / 1000), isClamped: false };
	return modifiedAt(fstatSync(descriptor, { bigint: true }));
}
