import { constants } from 'node:fs';
import { lstat, open, stat } from 'node:fs/promises';
import type { OpenSource } from '../core/artifact';

interface Owner extends Identity {
	/** Whether there is a link where the directory should be: then nobody but its owner follows it. */
	isByLink: boolean;
}

interface Identity {
	uid: number;
	gid: number;
	groups: number[];
}

/** What the command was started with. */
const root: Identity = { uid: 0, gid: process.getgid?.() ?? 0, groups: process.getgroups?.() ?? [] };

/** The users that the work under way runs as, the innermost last. */
const active: Identity[] = [];

/**
 * Does what touches a directory as the user who owns it, where root runs the command: whoever owns it could
 * have put a link to anywhere in the place of each file. Nothing can be reached by it then that its owner could not
 * reach anyway, and what is made there is the owner's.
 *
 * The effective user is the whole process's, its threads' included. Where the owner cannot get to the directory by its
 * path (a Docker volume on its host), root stays root; files are then still opened once, and never through a link.
 */
export async function asOwnerOf<T>(directory: string, work: () => Promise<T>): Promise<T> {
	if (process.getuid?.() !== 0) return await work();
	const owner = await ownerOf(directory);
	if (owner === undefined) return await work();
	active.push(owner);
	become(owner);
	try {
		if (!owner.isByLink && !(await isReachable(directory))) {
			Object.assign(owner, root);
			become(owner);
		}
		return await work();
	} finally {
		active.splice(active.indexOf(owner), 1);
		become(active.at(-1) ?? root);
	}
}

/**
 * The same source, read with the rights that the command was started with, from when it is opened until it has ended: root
 * reads what is backed up, while the file that it becomes is made and named as the owner of the backup directory.
 */
export function withOwnRights(open: OpenSource): OpenSource {
	if (process.getuid?.() !== 0) return open;
	return async (signal) => {
		const own = { ...root };
		active.push(own);
		become(own);
		const release = () => {
			active.splice(active.indexOf(own), 1);
			become(active.at(-1) ?? root);
		};
		try {
			const source = await open(signal);
			const finished = source.finished.finally(release);
			// Whoever opened the source waits for it in time.
			finished.catch(() => {});
			return { ...source, finished };
		} catch (error) {
			release();
			throw error;
		}
	};
}

/** Opens it, for `access` would ask on behalf of the real user. */
async function isReachable(directory: string): Promise<boolean> {
	try {
		await (await open(directory, constants.O_RDONLY | constants.O_DIRECTORY)).close();
		return true;
	} catch {
		return false;
	}
}

/** Undefined for root's own directory, and for one that is not there. The owner of a link decides where it leads. */
async function ownerOf(directory: string): Promise<Owner | undefined> {
	const itself = await lstat(directory).catch(() => undefined);
	const found = itself?.uid === 0 ? await stat(directory).catch(() => undefined) : itself;
	if (!found || found.uid === 0) return undefined;
	const { uid, gid } = found;
	return { uid, gid, groups: [gid], isByLink: found.isSymbolicLink() };
}

/** Only root may change groups, so the user comes last; the real user, root, may always come back. */
function become({ uid, gid, groups }: Identity): void {
	process.seteuid!(0);
	process.setgroups!(groups);
	process.setegid!(gid);
	process.seteuid!(uid);
}
