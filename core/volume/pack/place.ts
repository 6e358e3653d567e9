import {
	type BigIntStats,
	closeSync,
	constants,
	openSync,
	readFileSync,
	readlinkSync,
	realpathSync,
	statSync,
} from 'node:fs';
import { readMounts } from '../mounts';

export type Identity = Pick<BigIntStats, 'dev' | 'ino'>;

/** A directory that must be recognised, whatever path leads to it. */
export interface Place {
	identity: string;
	/** Where it is on its file system, and on which. */
	address: string;
}

/** What a file is by, whatever the path it is reached by; but see {@link addressOf}. */
export function identityOf({ dev, ino }: Identity): string {
	return `${dev}:${ino}`;
}

/** @returns undefined when there is no such directory */
export function placeOf(directory: string | Buffer): Place | undefined {
	const stats = statSync(directory, { bigint: true, throwIfNoEntry: false });
	return stats?.isDirectory() ? { identity: identityOf(stats), address: addressOf(directory) } : undefined;
}

/**
 * Where a directory is: its file system, and its path from that one's own root. Two mounts of one directory have
 * one address; two directories never do, while file systems that show others (FUSE, virtiofs, 9p, datasets) give
 * several of them the same device and inode.
 *
 * Linux tells it by the mount that an open directory belongs to (proc_pid_mountinfo(5)); elsewhere it is the path.
 *
 * @throws Error of the system when the directory is not there
 */
export function addressOf(directory: string | Buffer): string {
	return addressByMount(directory) ?? realpathSync(directory, { encoding: 'buffer' }).toString('latin1');
}

function addressByMount(directory: string | Buffer): string | undefined {
	let descriptor: number | undefined;
	try {
		descriptor = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
		const path = readlinkSync(`/proc/self/fd/${descriptor}`, { encoding: 'buffer' }).toString('latin1');
		const facts = readFileSync(`/proc/self/fdinfo/${descriptor}`, 'latin1');
		const mountId = /^mnt_id:\s*(\d+)$/m.exec(facts)?.[1];
		const mount = readMounts().find(({ id }) => id === mountId);
		if (!mount || !isWithin(path, mount.point)) return undefined;
		return `${mount.device}:${join(mount.root, path.slice(mount.point.length))}`;
	} catch {
		// Not to be opened, no /proc, or one that does not tell.
		return undefined;
	} finally {
		if (descriptor !== undefined) closeSync(descriptor);
	}
}

/** Whether an address or a path is another's or below it. */
export function isWithin(path: string, parent: string): boolean {
	return path === parent || path.startsWith(parent.endsWith('/') ? parent : `${parent}/`);
}

function join(root: string, rest: string): string {
	return `${root}/${rest}`.replace(/\/+/g, '/').replace(/(.)\/$/, '$1');
}
