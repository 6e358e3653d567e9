import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { fileError } from '../errors';
import { findAbandoned } from './abandoned';
import { Heartbeat } from './heartbeat';
import { removeTree } from './removeTree';

/** A directory that another run's sweep leaves alone for as long as this is not disposed of. */
export class ClaimedDirectory implements AsyncDisposable {
	readonly #handle: FileHandle;
	readonly #heartbeat: Heartbeat;

	private constructor(handle: FileHandle) {
		this.#handle = handle;
		this.#heartbeat = new Heartbeat(handle);
	}

	/** Claims a directory that is there. */
	static async claim(path: string): Promise<ClaimedDirectory> {
		return new ClaimedDirectory(await open(path, 'r'));
	}

	/**
	 * Makes a directory for its owner only, and claims it.
	 *
	 * @throws BackupError as {@link fileError} says it of the directory above
	 */
	static async make(path: string, above: string): Promise<ClaimedDirectory> {
		try {
			await mkdir(path, { mode: 0o700 });
			return await ClaimedDirectory.claim(path);
		} catch (error) {
			throw fileError(error, above);
		}
	}

	async [Symbol.asyncDispose](): Promise<void> {
		await this.#heartbeat.stop();
		await this.#handle.close();
	}
}

/**
 * Removes directories that runs which are gone left in another. Never throws: the next run finds what stays.
 *
 * @param isOurs whether a name is one that the caller's kind of run leaves behind
 */
export async function sweepDirectories(directory: string, isOurs: (name: string) => boolean): Promise<void> {
	const abandoned = await findAbandoned(directory, isOurs).catch(() => []);
	for (const { path, stats } of abandoned) {
		if (stats.isDirectory()) await removeTree(path).catch(() => {});
	}
}
