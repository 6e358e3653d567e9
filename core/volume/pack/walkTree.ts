import { type BigIntStats, type Dirent, lstatSync, readdirSync } from 'node:fs';
import { errorCode } from '../../errors';
import type { IsExcluded } from './exclusion';
import { unreadable } from './unreadable';

/** One name in the tree. Paths are bytes, because names need not be valid UTF-8. */
export interface TreeEntry {
	/** Where to open it. */
	location: Buffer;
	/** Relative to the tree's root, without a slash in front or behind; empty for the root itself. */
	path: Buffer;
	kind: 'file' | 'directory' | 'symbolic-link' | 'other';
	/** Of directories, which the walk has to look at anyway. */
	stats?: BigIntStats;
}

export interface WalkOptions {
	root: Buffer;
	isExcluded?: IsExcluded;
	/** Directories not to enter, each as {@link identityOf} names it. */
	leftOut: ReadonlySet<string>;
	/** Told the path of a directory that was listed by its parent but is gone. */
	onVanished: (path: Buffer) => void;
}

/** A directory being walked: its names in order and how far the walk has come. */
interface Level {
	location: Buffer;
	names: Array<Dirent<Buffer>>;
	next: number;
}

const slash = Buffer.from('/');

/** What a file is by, whatever the path it is reached by. */
export function identityOf({ dev, ino }: Pick<BigIntStats, 'dev' | 'ino'>): string {
	return `${dev}:${ino}`;
}

/**
 * Walks a tree depth first, every directory before its children and names in the order of their bytes, so that
 * the same tree is always the same archive. Symbolic links are not followed. Synchronous: it runs in a worker.
 *
 * @throws BackupError `not-permitted` for a directory that cannot be read: leaving it out in silence would make
 * a backup with a hole
 */
export function* walkTree({
	root,
	isExcluded,
	leftOut,
	onVanished,
}: WalkOptions): Generator<TreeEntry, void> {
	const levels: Level[] = [];
	/** Up to and with the slash after the root. */
	const rootBytes = root.length + 1;

	const enter = (location: Buffer, path: Buffer): TreeEntry | undefined => {
		try {
			const stats = lstatSync(location, { bigint: true });
			if (leftOut.has(identityOf(stats))) return undefined;
			const names = readdirSync(location, { withFileTypes: true, encoding: 'buffer' });
			names.sort((a, b) => Buffer.compare(a.name, b.name));
			levels.push({ location, names, next: 0 });
			return { location, path, kind: 'directory', stats };
		} catch (error) {
			if (path.length === 0 || !hasVanished(error)) throw unreadable(error, location);
			onVanished(path);
			return undefined;
		}
	};

	const top = enter(root, Buffer.alloc(0));
	if (top) yield top;
	for (let level = levels.at(-1); level; level = levels.at(-1)) {
		const name = level.names[level.next++];
		if (!name) {
			levels.pop();
			continue;
		}
		const location = Buffer.concat([level.location, slash, name.name]);
		const path = location.subarray(rootBytes);
		const isDirectory = name.isDirectory();
		if (isExcluded?.(path.toString('utf8'), isDirectory)) continue;
		if (!isDirectory) {
			const kind = name.isFile() ? 'file' : name.isSymbolicLink() ? 'symbolic-link' : 'other';
			yield { location, path, kind };
			continue;
		}
		const directory = enter(location, path);
		if (directory) yield directory;
	}
}

/** Gone, or no longer what its directory said that it is. */
export function hasVanished(error: unknown): boolean {
	return ['ENOENT', 'ENOTDIR', 'ELOOP', 'ESTALE', 'ENXIO'].includes(errorCode(error) ?? '');
}
