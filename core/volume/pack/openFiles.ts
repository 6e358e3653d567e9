import { type BigIntStats, fstatSync, lstatSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { readMounts } from '../mounts';
import { identityOf } from './place';

/** Linux has it as a link to `/proc/self/fd`, macOS as it is. */
const descriptorDirectory = '/dev/fd';

/**
 * The regular files that this process has open as it is made. To open and close one of them once more would drop
 * every lock that the process holds on it, those of n8n's SQLite among them
 * (https://sqlite.org/howtocorrupt.html, section 2.2). Knows none where the system does not tell.
 */
export class OpenFiles {
	readonly #identities = new Set<string>();
	/** Directories that have names of these files; undefined when those are not all known. */
	#directories: Set<string> | undefined = new Set();

	constructor() {
		for (const descriptor of openDescriptors()) {
			const stats = statsOfFile(descriptor);
			if (stats) this.#add(descriptor, stats);
		}
		if (this.#identities.size > 0) this.#addMountedAlone();
	}

	/**
	 * Whether a directory, as `identityOf` names it, may list one of them. Spares {@link has} for most of a tree.
	 */
	mayLieIn(directory: string | undefined): boolean {
		if (this.#identities.size === 0) return false;
		return this.#directories === undefined || directory === undefined || this.#directories.has(directory);
	}

	/** Whether a path leads to one of them. Only looks from outside, and leaves errors to who opens it. */
	has(path: Buffer | string): boolean {
		if (this.#identities.size === 0) return false;
		try {
			const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
			return stats !== undefined && this.#identities.has(identityOf(stats));
		} catch {
			return false;
		}
	}

	#add(descriptor: number, stats: BigIntStats): void {
		// Without a name no tree has it.
		if (stats.nlink === 0n) return;
		const identity = identityOf(stats);
		this.#identities.add(identity);
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
