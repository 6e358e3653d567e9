import { constants } from 'node:fs';
import { type FileHandle, link, lstat, open, rename, rm, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { BackupError, errorCode, fileError } from '../errors';
import { partialSuffix } from './abandoned';
import { syncDirectory } from './durable';
import { Heartbeat } from './heartbeat';
import { adoptOwner } from './owner';
import { isRefusal, Refusals } from './refusals';

export interface AtomicFileOptions {
	/** Path of the file until it is whole, in the same directory; `.NAME.partial` when undefined. */
	partial?: string;
	/** Take the place of a file that has the final name. False by default. */
	replace?: boolean;
	/** As soon as it has its name, others may put a newer one in its place, as they do with manifests. False by default. */
	isRenewed?: boolean;
	/** As root, give the file to the directory's owner. True by default. */
	adopt?: boolean;
	/** Collects what the file system cannot do. */
	refusals?: Refusals;
}

/** The name that a file has until it is whole: `.NAME.partial`, or `.NAME.TAG.partial`. */
export function partialPath(finalPath: string, tag?: string): string {
	const middle = tag === undefined ? '' : `.${tag}`;
	return join(dirname(finalPath), `.${basename(finalPath)}${middle}${partialSuffix}`);
}

/**
 * A file that appears under its final name only when it is complete and on the disk, and never in place of
 * another unless asked to. Until then everything happens in the partial file, which {@link discard} removes; with
 * `await using`, leaving the block without a commit discards.
 *
 * The partial file is opened once and worked on by its handle: in a directory of another user, its path may lead
 * somewhere else by now.
 */
export class AtomicFile {
	readonly finalPath: string;
	readonly partialPath: string;
	readonly #handle: FileHandle;
	readonly #heartbeat: Heartbeat;
	readonly #refusals: Refusals;
	readonly #replace: boolean;
	readonly #isRenewed: boolean;
	#hasName = false;
	#hasPartial = true;
	#isOpen = true;

	private constructor(
		finalPath: string,
		handle: FileHandle,
		options: Required<Omit<AtomicFileOptions, 'adopt'>>,
	) {
		this.finalPath = finalPath;
		this.partialPath = options.partial;
		this.#replace = options.replace;
		this.#isRenewed = options.isRenewed;
		this.#refusals = options.refusals;
		this.#handle = handle;
		this.#heartbeat = new Heartbeat(handle);
	}

	/**
	 * Opens the partial file, readable by its owner only.
	 *
	 * @throws BackupError `exists` when the final name is taken or another run is writing it; other codes as
	 * {@link fileError} maps them
	 */
	static async create(finalPath: string, options: AtomicFileOptions = {}): Promise<AtomicFile> {
		const { partial = partialPath(finalPath), replace = false, adopt = true } = options;
		const { refusals = new Refusals(), isRenewed = false } = options;
		const { O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
		try {
			const handle = await open(partial, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
			const file = new AtomicFile(finalPath, handle, { partial, replace, isRenewed, refusals });
			try {
				// Whoever had the partial name before has the final one by now: look in this order.
				if (!replace && (await isThere(finalPath))) throw nameTaken(finalPath);
				if (adopt) await adoptOwner(handle, dirname(finalPath), refusals);
			} catch (error) {
				await file.discard();
				throw error;
			}
			return file;
		} catch (error) {
			if (errorCode(error) === 'EEXIST') throw nameTaken(partial, error);
			throw fileError(error, finalPath);
		}
	}

	/** For another thread of this process to write to; it belongs to this object, which closes it. */
	get descriptor(): number {
		return this.#handle.fd;
	}

	/** Writes small content at the end; what is large is written to the {@link descriptor} by another thread. */
	async write(content: string | Uint8Array): Promise<void> {
		await this.#attempt(async () => await this.#handle.writeFile(content));
	}

	/** Brings what was written to the disk; the name stays the partial one. */
	async sync(): Promise<void> {
		await this.#attempt(async () => await this.#handle.sync());
	}

	/**
	 * Gives the file its final name, for good: synced, named, directory synced. When that fails, the name is taken
	 * back and the file is a partial one as before.
	 *
	 * @returns what else could not be done, in sentences for people
	 * @throws BackupError `exists` when a file of that name has appeared meanwhile; it is not replaced
	 */
	async commit(): Promise<string[]> {
		await this.sync();
		try {
			await this.giveName();
			await this.#attempt(async () => await syncDirectory(dirname(this.finalPath)));
		} catch (error) {
			await this.takeNameBack();
			throw error;
		}
		return await this.finish();
	}

	/**
	 * Gives the file its final name; where the file system has hard links it keeps the partial one as well.
	 *
	 * @throws BackupError `exists` when the name is taken, `disk` when the partial file is another one by now
	 */
	async giveName(): Promise<void> {
		await this.#attempt(async () => {
			if (!(await this.#isThisFile(this.partialPath))) throw interfered(this.partialPath);
			if (this.#replace) await this.#rename();
			else await this.#link();
		});
	}

	/** Undoes {@link giveName}. @returns whether the file has no final name (any more) */
	async takeNameBack(): Promise<boolean> {
		if (!this.#hasName) return true;
		// What was replaced is gone already; the new file is better than none.
		if (this.#replace) return false;
		try {
			if (this.#hasPartial) await rm(this.finalPath, { force: true });
			else await rename(this.finalPath, this.partialPath);
			this.#hasPartial = true;
			this.#hasName = false;
			return true;
		} catch {
			return false;
		}
	}

	/** Ends the work on a file that has its name. @returns what could not be done, in sentences for people */
	async finish(): Promise<string[]> {
		await this.close();
		if (!this.#hasPartial) return [];
		this.#hasPartial = false;
		try {
			await unlink(this.partialPath);
			return [];
		} catch (error) {
			if (errorCode(error) === 'ENOENT') return [];
			const { what } = fileError(error, this.partialPath);
			return [`The second name ${this.partialPath} of a finished file could not be removed. ${what}`];
		}
	}

	/** Closes the file and leaves its names as they are. Never throws. */
	async close(): Promise<void> {
		if (!this.#isOpen) return;
		this.#isOpen = false;
		await this.#heartbeat.stop();
		await this.#handle.close().catch(() => {});
	}

	/** Removes the partial file; once the file has its name, or is closed, it does nothing. Never throws. */
	async discard(): Promise<void> {
		if (!this.#isOpen) return;
		const isOurs = !this.#hasName && (await this.#isThisFile(this.partialPath).catch(() => false));
		await this.close();
		if (isOurs) await unlink(this.partialPath).catch(() => {});
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.discard();
	}

	/** A hard link fails where a rename would silently replace. */
	async #link(): Promise<void> {
		try {
			await link(this.partialPath, this.finalPath);
		} catch (error) {
			// A file server may have done it and lost its answer.
			const isDone = await this.#isThisFile(this.finalPath).catch(() => false);
			if (!isDone && errorCode(error) === 'EEXIST') throw nameTaken(this.finalPath, error);
			if (!isDone && !isRefusal(error)) throw error;
			if (!isDone) {
				this.#refusals.add('hard links');
				if (await isThere(this.finalPath)) throw nameTaken(this.finalPath, error);
				await this.#rename();
				return;
			}
		}
		this.#hasName = true;
		if (await this.#isThisFile(this.finalPath)) return;
		// What was linked was this file, and somebody has put the next one in its place since.
		if (this.#isRenewed && (await this.#isThisFile(this.partialPath))) return;
		await this.takeNameBack();
		throw interfered(this.partialPath);
	}

	async #rename(): Promise<void> {
		await rename(this.partialPath, this.finalPath);
		this.#hasName = true;
		this.#hasPartial = false;
	}

	/** Whether there is this very file at a path, not a link and not another one. */
	async #isThisFile(path: string): Promise<boolean> {
		const ours = await this.#handle.stat({ bigint: true });
		const found = await lstat(path, { bigint: true }).catch((error: unknown) => {
			if (errorCode(error) === 'ENOENT') return undefined;
			throw error;
		});
		return found?.ino === ours.ino && found.dev === ours.dev;
	}

	async #attempt(work: () => Promise<void>): Promise<void> {
		try {
			await work();
		} catch (error) {
			throw fileError(error, this.finalPath);
		}
	}
}

/** Whether a path is taken, even by a link that ends nowhere. */
export async function isThere(path: string): Promise<boolean> {
	try {
		await lstat(path);
		return true;
	} catch (error) {
		if (errorCode(error) === 'ENOENT') return false;
		throw error;
	}
}

function nameTaken(path: string, cause?: unknown): BackupError {
	return new BackupError('exists', `${path} is already there`, {
		advice: 'Move that file away, choose another prefix, or wait a second; nothing was overwritten',
		cause,
	});
}

function interfered(path: string): BackupError {
	return new BackupError('disk', `${path} was removed or replaced while it was being written`, {
		advice: 'See what else works in that directory, then run it again',
	});
}
