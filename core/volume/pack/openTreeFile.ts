import { closeSync, constants, fstatSync, lstatSync, openSync, type Stats } from 'node:fs';
import { isLeased, leasedError, leaseRetryMs, leaseTimeoutMs } from '../leasedFile';
import { replacedOnHostError } from '../staleMount';
import { displayPath } from '../../tar/member';
import { identityOf } from './place';
import { unreadable } from './unreadable';
import { hasVanished } from './walkTree';

/** Never follows a link that took the file's place, never waits for a pipe that did. */
export const openFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** How often a file is looked for again that was gone one moment and there the next. */
const attempts = 3;

export interface OpenFile {
	descriptor: number;
	stats: Stats;
}

/**
 * Opens a file that its directory listed.
 *
 * @param shown its path for people
 * @returns undefined when it is gone, or no file any more
 * @throws BackupError when it is there but cannot be read, or only its old content is
 */
export function openTreeFile(location: Buffer, shown: () => Buffer): OpenFile | undefined {
	const descriptor = openListed(location, shown);
	if (descriptor === undefined) return undefined;
	try {
		const stats = fstatSync(descriptor);
		if (!stats.isFile()) {
			closeSync(descriptor);
			return undefined;
		}
		if (stats.nlink === 0 && isStillThere(location, descriptor)) {
			throw replacedOnHostError(displayPath(shown()));
		}
		return { descriptor, stats };
	} catch (error) {
		closeSync(descriptor);
		throw unreadable(error, shown());
	}
}

function openListed(location: Buffer, shown: () => Buffer): number | undefined {
	let giveUpAt: number | undefined;
	for (let attempt = 1; ;) {
		try {
			return openSync(location, openFlags);
		} catch (error) {
			if (isLeased(error)) {
				giveUpAt ??= performance.now() + leaseTimeoutMs();
				if (performance.now() > giveUpAt) throw leasedError(displayPath(shown()), error);
				sleep(leaseRetryMs);
				continue;
			}
			if (!hasVanished(error)) throw unreadable(error, shown());
			if (!mayBeFile(location)) return undefined;
			if (attempt++ === attempts) throw unreadable(error, shown());
		}
	}
}

/** False only when it is known that there is no file. */
function mayBeFile(location: Buffer): boolean {
	try {
		return lstatSync(location, { throwIfNoEntry: false })?.isFile() ?? false;
	} catch {
		return true;
	}
}

/** Whether the path still leads to the file that is open. */
function isStillThere(location: Buffer, descriptor: number): boolean {
	const found = lstatSync(location, { bigint: true, throwIfNoEntry: false });
	return found !== undefined && identityOf(found) === identityOf(fstatSync(descriptor, { bigint: true }));
}

function sleep(milliseconds: number): void {
	Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}
