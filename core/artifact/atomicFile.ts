import { type FileHandle, link, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { BackupError, errorCode, fileError } from '../errors';
import { syncDirectory } from './durable';
import { adoptOwner } from './owner';

export const partialSuffix = '.partial';

/** A partial file that nobody has touched for this long belongs to a run that is gone. In milliseconds. */
export const abandonedAfterMs = 5 * 60_000;

const heartbeatMs = 30_000;

/** The name that a file has until it is whole: `.NAME.partial`. */
export function partialPath(finalPath: string): string {
	return join(dirname(finalPath), `.${basename(finalPath)}${partialSuffix}`);
}

/**
 * A file that appears under its final name only when it is complete and on the disk, and never in place of
 * another. Until {@link commit} everything happens in `.NAME.partial`, which {@link discard} removes; with
 * `await using`, leaving the block without a commit discards.
 */
export class AtomicFile {
	readonly finalPath: string;
	readonly partialPath: string;
	readonly #handle: FileHandle;
	readonly #heartbeat: NodeJS.Timeout;
	#settled = false;

	private constructor(finalPath: string, partial: string, handle: FileHandle) {
		this.finalPath = finalPath;
		this.partialPath = partial;
		this.#handle = handle;
		// Says "still in use" to a sweep by another run while nothing is written, as when proving a large archive.
		this.#heartbeat = setInterval(() => {
			const now = new Date();
			this.#handle.utimes(now, now).catch(() => {});
		}, heartbeatMs).unref();
	}

	/**
	 * Opens the partial file, readable by its owner only; as root, that is the directory's owner.
	 *
	 * @throws BackupError `exists` when the final name is taken or another run is writing it; other codes as
	 * {@link fileError} maps them
	 */
	static async create(finalPath: string): Promise<AtomicFile> {
		const partial = partialPath(finalPath);
		try {
			if (await exists(finalPath)) throw nameTaken(finalPath);
			const file = new AtomicFile(finalPath, partial, await open(partial, 'wx', 0o600));
			await adoptOwner(partial, dirname(finalPath)).catch(async (error: unknown) => {
				await file.discard();
				throw error;
			});
			return file;
		} catch (error) {
			if (errorCode(error) === 'EEXIST') throw nameTaken(partial, error);
			throw fileError(error, finalPath);
		}
	}

	/** Writes small content at once; what is large is written to {@link partialPath} by another thread. */
	async write(content: string): Promise<void> {
		try {
			await this.#handle.writeFile(content);
		} catch (error) {
			throw fileError(error, this.finalPath);
		}
	}

	/** Brings what was written to the disk; the name stays the partial one. */
	async sync(): Promise<void> {
		try {
			await this.#handle.sync();
		} catch (error) {
			throw fileError(error, this.finalPath);
		}
	}

	/**
	 * Gives the file its final name, for good: synced, renamed, directory synced.
	 *
	 * @throws BackupError `exists` when a file of that name has appeared meanwhile; it is not replaced
	 */
	async commit(): Promise<void> {
		await this.sync();
		try {
			await this.#close();
			await renameWithoutReplacing(this.partialPath, this.finalPath);
			this.#settled = true;
			await syncDirectory(dirname(this.finalPath));
		} catch (error) {
			throw fileError(error, this.finalPath);
		}
	}

	/** Removes the partial file; after a commit it does nothing. Never throws. */
	async discard(): Promise<void> {
		if (this.#settled) return;
		this.#settled = true;
		await this.#close().catch(() => {});
		await rm(this.partialPath, { force: true }).catch(() => {});
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.discard();
	}

	async #close(): Promise<void> {
		clearInterval(this.#heartbeat);
		await this.#handle.close();
	}
}

/** A hard link fails where a rename would silently replace; file systems without hard links get a check first. */
async function renameWithoutReplacing(from: string, to: string): Promise<void> {
	try {
		await link(from, to);
	} catch (error) {
		if (errorCode(error) === 'EEXIST') throw nameTaken(to, error);
		if (await exists(to)) throw nameTaken(to, error);
		await rename(from, to);
		return;
	}
	await rm(from);
}

async function exists(path: string): Promise<boolean> {
	try {
		await stat(path);
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
