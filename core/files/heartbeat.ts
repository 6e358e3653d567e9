import type { FileHandle } from 'node:fs/promises';

/** How often a writer says that it lives. In milliseconds. */
const heartbeatMs = 30_000;

/**
 * Says "still in use" to a sweep by another run, also while nothing is written, as when a large archive is read back:
 * moves a file's or a directory's modification time on, by the clock of the disk that it is on. The clock of this
 * machine may be another one, and wrong.
 */
export class Heartbeat {
	readonly #handle: FileHandle;
	readonly #timer: NodeJS.Timeout;
	#lastChangeMs = 0;
	#beating: Promise<void> = Promise.resolve();

	constructor(handle: FileHandle, everyMs = heartbeatMs) {
		this.#handle = handle;
		this.#timer = setInterval(() => {
			this.#beating = this.#beat().catch(() => {});
		}, everyMs).unref();
	}

	/** Ends it; the handle can be closed then. */
	async stop(): Promise<void> {
		clearInterval(this.#timer);
		await this.#beating;
	}

	/** Changing the permissions to what they are has the disk write its own time into `ctime`. */
	async #beat(): Promise<void> {
		const { mode } = await this.#handle.stat();
		await this.#handle.chmod(mode & 0o7777).catch(() => {});
		const { ctimeMs } = await this.#handle.stat();
		// FAT and its like keep no such time: there the disk is a local one, with the clock of this machine.
		const now = ctimeMs > this.#lastChangeMs ? new Date(ctimeMs) : new Date();
		await this.#handle.utimes(now, now);
		this.#lastChangeMs = (await this.#handle.stat()).ctimeMs;
	}
}
