import { type BigIntStats, closeSync, lstatSync } from 'node:fs';
import { BackupError, errorCode } from '../../errors';
import { shortPathTo } from '../../files/longPath';
import { isScratchName } from '../../files/scratchNames';
import type { IsExcluded } from './exclusion';
import { type EntryKind, kindOf, listDirectory, type ListedName } from './listDirectory';
import { addressOf, identityOf, type Place } from './place';
import { displayPath, longestMemberPath, shortened } from '../../tar/member';
import { unreadable } from './unreadable';

/** One name in the tree. Paths are bytes, because names may be invalid UTF-8. */
export interface TreeEntry {
	/** Where to open it, while the walk is at it. It is not always what people know it by: {@link pathInTree} is. */
	location: Buffer;
	/** Relative to the tree's root, without a slash in front or behind; empty for the root itself. */
	path: Buffer;
	kind: EntryKind;
	/** What the directory that lists it is by, as `identityOf` tells it; undefined for the root. */
	directory?: string;
	/** Of directories, which the walk has to look at anyway. */
	stats?: BigIntStats;
}

/** Why something that was listed is not walked. */
export interface WalkEvents {
	/** It was listed by its directory but is gone. */
	onVanished: (path: Buffer) => void;
	/** It is excluded, or a directory that is left out. */
	onLeftOut: (path: Buffer) => void;
	/** It has device and inode of a directory to leave out but is another, and is walked. */
	onLookalike: (path: Buffer) => void;
	/** It belongs to the file system and is not to be read. */
	onSystem: (path: Buffer) => void;
}

export interface WalkOptions extends WalkEvents {
	root: Buffer;
	isExcluded?: IsExcluded;
	/** Directories not to enter. The root is always entered. */
	leftOut: readonly Place[];
}

/** A directory being walked: its names in order and how far the walk has come. */
interface Level {
	location: Buffer;
	descriptor?: number;
	/** Whether its location is not that of the root with its path behind. */
	isDetour: boolean;
	path: Buffer;
	identity: string;
	/** Number of the file system that it is on. */
	device: bigint;
	/** Whether it is the root, or another file system begins here. */
	isDiskTop: boolean;
	names: ListedName[];
	next: number;
}

const slash = Buffer.from('/');

/** ext4 makes it at the top of every disk, for itself; only root may look into it. */
const recoveryDirectory = Buffer.from('lost+found');

/** How often a directory is looked for again that was gone one moment and there the next. */
const attempts = 3;

/** What people know an entry by. */
export function pathInTree(root: Buffer, path: Buffer): Buffer {
	return path.length === 0 ? root : Buffer.concat([root, slash, path]);
}

/**
 * Walks a tree depth first, every directory before its children and names in the order of their bytes, so that
 * the same tree is always the same archive. Symbolic links are not followed. Synchronous: it runs in a worker.
 *
 * A `lost+found` at the top of a disk is no entry: what is in it is, where it can be read. Nothing is said of
 * directories that runs of ours make for themselves.
 *
 * @throws BackupError `not-permitted` for a directory that cannot be read: leaving it out in silence would make
 * a backup with a hole; `unsupported` for a path that could not be restored
 */
export function* walkTree(options: WalkOptions): Generator<TreeEntry, void> {
	const walk = new Walk(options);
	try {
		let entry = walk.enterRoot();
		while (entry) {
			yield entry;
			entry = walk.next();
		}
	} finally {
		walk.end();
	}
}

class Walk {
	readonly #options: WalkOptions;
	readonly #levels: Level[] = [];

	constructor(options: WalkOptions) {
		this.#options = options;
	}

	enterRoot(): TreeEntry | undefined {
		return this.#enter(this.#options.root, Buffer.alloc(0));
	}

	next(): TreeEntry | undefined {
		for (let level = this.#levels.at(-1); level; level = this.#levels.at(-1)) {
			const listed = level.names[level.next++];
			if (!listed) {
				this.#leave();
				continue;
			}
			const entry = this.#visit(level, listed);
			if (entry) return entry;
		}
		return undefined;
	}

	end(): void {
		while (this.#levels.length > 0) this.#leave();
	}

	#visit(level: Level, listed: ListedName): TreeEntry | undefined {
		const { isExcluded, onLeftOut, onVanished } = this.#options;
		const location = join(level.location, listed.name);
		const path = level.isDetour
			? join(level.path, listed.name)
			: location.subarray(this.#options.root.length + 1);
		if (path.length > longestMemberPath) throw tooLong(path);
		const kind = this.#kindOf(listed, location, path);
		if (kind === undefined) onVanished(path);
		else if (kind === 'directory' && isScratchName(listed.name.toString('latin1'))) return undefined;
		else if (isExcluded?.(path.toString('utf8'), kind === 'directory')) onLeftOut(path);
		else
			return kind === 'directory'
				? this.#enter(location, path)
				: { location, path, kind, directory: level.identity };
		return undefined;
	}

	#kindOf(listed: ListedName, location: Buffer, path: Buffer): EntryKind | undefined {
		try {
			return kindOf(listed, location);
		} catch (error) {
			if (hasVanished(error)) return undefined;
			throw unreadable(error, pathInTree(this.#options.root, path));
		}
	}

	#enter(location: Buffer, path: Buffer, attempt = 1): TreeEntry | undefined {
		const parent = this.#levels.at(-1);
		const isRecovery = parent?.isDiskTop === true && isNamedRecovery(path, parent.path);
		try {
			const stats = lstatSync(location, { bigint: true });
			const identity = identityOf(stats);
			if (path.length > 0 && this.#isLeftOut(location, path, identity)) return undefined;
			const names = listDirectory(location);
			const shown = () => displayPath(pathInTree(this.#options.root, path));
			const short = shortPathTo(location, shown, stats);
			const isDetour = short.descriptor !== undefined || parent?.isDetour === true;
			const isDiskTop = parent?.device !== stats.dev;
			this.#levels.push({ ...short, isDetour, path, identity, device: stats.dev, isDiskTop, names, next: 0 });
			return isRecovery
				? undefined
				: { location, path, kind: 'directory', directory: parent?.identity, stats };
		} catch (error) {
			if (isRecovery && isForbidden(error)) this.#options.onSystem(path);
			else if (path.length > 0 && hasVanished(error) && !mayBeDirectory(location))
				this.#options.onVanished(path);
			else if (hasVanished(error) && attempt < attempts) return this.#enter(location, path, attempt + 1);
			else throw unreadable(error, pathInTree(this.#options.root, path));
			return undefined;
		}
	}

	#isLeftOut(location: Buffer, path: Buffer, identity: string): boolean {
		const alike = this.#options.leftOut.filter((place) => place.identity === identity);
		if (alike.length === 0) return false;
		const address = addressOf(location);
		const isOne = alike.some((place) => place.address === address);
		if (isOne) this.#options.onLeftOut(path);
		else this.#options.onLookalike(path);
		return isOne;
	}

	#leave(): void {
		const { descriptor } = this.#levels.pop()!;
		if (descriptor !== undefined) closeSync(descriptor);
	}
}

/** Gone, or no longer what its directory said that it is. */
export function hasVanished(error: unknown): boolean {
	return ['ENOENT', 'ENOTDIR', 'ELOOP', 'ESTALE', 'ENXIO'].includes(errorCode(error) ?? '');
}

function isForbidden(error: unknown): boolean {
	return ['EACCES', 'EPERM'].includes(errorCode(error) ?? '');
}

/** False only when it is known that there is no directory. */
function mayBeDirectory(location: Buffer): boolean {
	try {
		return lstatSync(location, { throwIfNoEntry: false })?.isDirectory() ?? false;
	} catch {
		return true;
	}
}

function tooLong(path: Buffer): BackupError {
	return new BackupError(
		'unsupported',
		`The path ${shortened(path)} has ${path.length} bytes, and no archive takes more than ${longestMemberPath}`,
		{ advice: 'Leave the directory at its top out by a pattern, or move what is in it further up' },
	);
}

function isNamedRecovery(path: Buffer, parent: Buffer): boolean {
	return path.subarray(parent.length === 0 ? 0 : parent.length + 1).equals(recoveryDirectory);
}

function join(directory: Buffer, name: Buffer): Buffer {
	return Buffer.concat([directory, slash, name]);
}
