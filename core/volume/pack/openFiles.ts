import {
	type BigIntStats,
	fstatSync,
	lstatSync,
	readdirSync,
	readlinkSync,
	readSync,
	statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { readMounts } from '../mounts';
import { isDatabase } from '../sqlite/fileFormat';
import { identityOf } from './place';

/** Linux has it as a link to `/proc/self/fd`, macOS as it is. */
const descriptorDirectory = '/dev/fd';

/** Databases that hold nothing yet have no first bytes; what lies beside them has others. */
const sqliteName = /\.(?:sqlite3?|db3?)$|-(?:wal|shm|journal)$/i;

/**
 * The regular files that this process has open as it is made. To open and close one of them once more would drop
 * every lock that the process holds on it, those of n8n's SQLite among them
 * (https://sqlite.org/howtocorrupt.html, section 2.2). Knows none where the system does not tell.
 */
export class OpenFiles {
	/** What they are to the file system, and a descriptor of each. */
	readonly #descriptors = new Map<string, number>();
	/** Directories that have names of these files; undefined when those are not all known. */
	#directories: Set<string> | undefined = new Set();

	constructor() {
		for (const descriptor of openDescriptors()) {
			const stats = statsOfFile(descriptor);
			if (stats) this.#add(descriptor, stats);
		}
		if (this.#descriptors.size > 0) this.#addMountedAlone();
	}

	/**
	 * Whether a directory, as `identityOf` names it, may list one of them. Spares {@link has} for most of a tree.
	 */
	mayLieIn(directory: string | undefined): boolean {
		if (this.#descriptors.size === 0) return false;
		return this.#directories === undefined || directory === undefined || this.#directories.has(directory);
	}

	/** Whether a path leads to one of them. Only looks from outside, and leaves errors to who opens it. */
	has(path: Buffer | string): boolean {
		if (this.#descriptors.size === 0) return false;
		try {
			const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
			return stats !== undefined && this.#descriptors.has(identityOf(stats));
		} catch {
			return false;
		}
	}

	/**
	 * Whether a path leads, also by links, to one of them that is an SQLite database or what SQLite keeps beside one. Its
	 * bytes are read through the descriptor that is open already. Leaves errors to who opens it.
	 */
	hasDatabase(path: string): boolean {
		try {
			const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
			const descriptor = stats && this.#descriptors.get(identityOf(stats));
			if (descriptor === undefined) return false;
			return sqliteName.test(path) || isDatabase(firstBytesOf(descriptor));
		} catch {
			return false;
		}
	}

	#add(descriptor: number, stats: BigIntStats): void {
		// Without a name no tree has it.
		if (stats.nlink === 0n) return;
		const identity = identityOf(stats);
		this.#descriptors.set(identity, descriptor);
		const directory = stats.nlink === 1n ? directoryOf(descriptor, identity) : undefined;
		if (directory === undefined) this.#directories = undefined;
		else this.#directories?.add(directory);
	}

	/** A file that is mounted by itself has a second name, in the directory of its mount point. */
	#addMountedAlone(): void {
		for (const { point } of readMounts()) {
			const path = Buffer.from(point, 'latin1');
			if (!this.has(path)) continue;
			const directory = identityOfDirectory(dirname(point));
			if (directory !== undefined) this.#directories?.add(directory);
		}
	}
}

function openDescriptors(): number[] {
	try {
		return readdirSync(descriptorDirectory).map(Number);
	} catch {
		return [];
	}
}

function statsOfFile(descriptor: number): BigIntStats | undefined {
	try {
		const stats = fstatSync(descriptor, { bigint: true });
		return stats.isFile() ? stats : undefined;
	} catch {
		// The one that the listing itself was read by, and any that has been closed since.
		return undefined;
	}
}

function firstBytesOf(descriptor: number): Buffer {
	const bytes = Buffer.alloc(16);
	try {
		return bytes.subarray(0, readSync(descriptor, bytes, 0, bytes.length, 0));
	} catch {
		// Open for writing only, as no database is.
		return Buffer.alloc(0);
	}
}

/** The directory of an open file's only name; undefined where the system does not tell, or tells of another file. */
function directoryOf(descriptor: number, identity: string): string | undefined {
	try {
		const path = readlinkSync(`/proc/self/fd/${descriptor}`, { encoding: 'buffer' });
		if (identityOf(lstatSync(path, { bigint: true })) !== identity) return undefined;
		return identityOfDirectory(dirname(path.toString('latin1')));
	} catch {
		return undefined;
	}
}

/** @param latin1 its path, bytes as latin1 characters */
function identityOfDirectory(latin1: string): string | undefined {
	const stats = statSync(Buffer.from(latin1, 'latin1'), { bigint: true, throwIfNoEntry: false });
	return stats && identityOf(stats);
}
