import type { FileEntry, Stats } from 'ssh2';
import { posix } from 'node:path';
import { type BackupError, cancelledError } from '../../errors';
import type { SftpConnection } from './connect';
import { isFull } from './isFull';
import { sftpError } from './sftpError';

type Callback<T> = (error?: Error | null, value?: T) => void;

/** A file that is open on the server. */
export interface OpenRemote {
	name: string;
	handle: Buffer;
}

/**
 * The calls of one SFTP session as promises, by names below its root. Each ends with its answer, with the connection,
 * with the signal, or when it is late.
 *
 * @throws BackupError of every call, as {@link sftpError} has it, or `cancelled`
 */
export class SftpCalls {
	/** For messages; names below it follow. */
	readonly place: string;
	readonly #connection: SftpConnection;
	readonly #root: string;
	readonly #idleWithinMs: number;
	/** As `performance.now()` says it. */
	#lastAnswerAt = 0;

	constructor(
		connection: SftpConnection,
		{ root, place, idleWithinMs }: { root: string; place: string; idleWithinMs: number },
	) {
		this.#connection = connection;
		this.#idleWithinMs = idleWithinMs;
		this.#root = root;
		this.place = place;
	}

	/** Whether the connection is gone, after which nothing is answered. */
	get hasEnded(): boolean {
		return this.#connection.ended.aborted;
	}

	/** Whether the disk there is known to be full. */
	async isFull(name: string): Promise<boolean> {
		return await isFull(this.#sftp, this.#path(name), this.#idleWithinMs);
	}

	async stat(name: string, signal: AbortSignal): Promise<Stats> {
		return await this.#ask(name, signal, (done: Callback<Stats>) => this.#sftp.stat(this.#path(name), done));
	}

	/** Of a link itself. */
	async lstat(name: string, signal: AbortSignal): Promise<Stats> {
		return await this.#ask(name, signal, (done: Callback<Stats>) => this.#sftp.lstat(this.#path(name), done));
	}

	async list(name: string, signal: AbortSignal): Promise<FileEntry[]> {
		const path = this.#path(name);
		return await this.#ask(name, signal, (done: Callback<FileEntry[]>) => this.#sftp.readdir(path, done));
	}

	async makeDirectory(name: string, signal: AbortSignal): Promise<void> {
		await this.#ask(name, signal, (done) => this.#sftp.mkdir(this.#path(name), { mode: 0o700 }, done));
	}

	async rename(from: string, to: string, signal: AbortSignal): Promise<void> {
		await this.#ask(to, signal, (done) => this.#sftp.rename(this.#path(from), this.#path(to), done));
	}

	async remove(name: string, signal: AbortSignal): Promise<void> {
		await this.#ask(name, signal, (done) => this.#sftp.unlink(this.#path(name), done));
	}

	/**
	 * @param flags `r`, `r+` to write to what is there, or `wx` for a file that must not be
	 * @param name the file's in messages, where it is another one
	 */
	async open(
		below: string,
		flags: 'r' | 'r+' | 'wx',
		signal: AbortSignal,
		name = below,
	): Promise<OpenRemote> {
		const path = this.#path(below);
		const handle = await this.#ask(name, signal, (done: Callback<Buffer>) =>
			this.#sftp.open(path, flags, { mode: 0o600 }, done),
		);
		return { name, handle };
	}

	async sizeOf({ name, handle }: OpenRemote, signal: AbortSignal): Promise<number> {
		const ask = (done: Callback<Stats>) => this.#sftp.fstat(handle, done);
		return (await this.#ask(name, signal, ask)).size;
	}

	/** Reads into a buffer, fewer bytes than it holds perhaps; none at the end of the file. */
	async read({ name, handle }: OpenRemote, into: Buffer, at: number, signal: AbortSignal): Promise<number> {
		return await this.#ask(name, signal, (done: Callback<number>) =>
			this.#sftp.read(handle, into, 0, into.length, at, (error, bytes) => done(error, bytes)),
		);
	}

	async write({ name, handle }: OpenRemote, bytes: Buffer, at: number, signal: AbortSignal): Promise<void> {
		await this.#ask(name, signal, (done) => this.#sftp.write(handle, bytes, 0, bytes.length, at, done));
	}

	/** By OpenSSH's extension, which not every server has. */
	async sync({ name, handle }: OpenRemote, signal: AbortSignal): Promise<void> {
		await this.#ask(name, signal, (done) => this.#sftp.ext_openssh_fsync(handle, done));
	}

	async close({ name, handle }: OpenRemote, signal: AbortSignal): Promise<void> {
		await this.#ask(name, signal, (done) => this.#sftp.close(handle, done));
	}

	/** Asks for it, and does not wait for the answer. */
	letGo({ handle }: OpenRemote): void {
		this.#sftp.close(handle, () => {});
	}

	get #sftp() {
		return this.#connection.sftp;
	}

	#path(name: string): string {
		return posix.join(this.#root, name);
	}

	async #ask<T>(name: string, signal: AbortSignal, request: (done: Callback<T>) => void): Promise<T> {
		let end = () => {};
		try {
			return await new Promise<T>((resolve, reject) => {
				const late = () => reject(Object.assign(new Error('late'), { code: 'ETIMEDOUT' }));
				const cancel = () => reject(cancelledError(signal.reason));
				const { ended } = this.#connection;
				// ssh2 answers nothing that is asked of a connection that has ended.
				const lose = () => reject(ended.reason as BackupError);
				let timer: NodeJS.Timeout;
				// Over a slow line an answer waits for those before it: only silence says that there is none.
				const watchFrom = (since: number) => {
					const left = Math.max(since, this.#lastAnswerAt) + this.#idleWithinMs - performance.now();
					if (left <= 0) return late();
					timer = setTimeout(() => watchFrom(since), left);
				};
				watchFrom(performance.now());
				signal.addEventListener('abort', cancel);
				ended.addEventListener('abort', lose);
				end = () => {
					clearTimeout(timer);
					signal.removeEventListener('abort', cancel);
					ended.removeEventListener('abort', lose);
				};
				if (signal.aborted) return cancel();
				if (ended.aborted) return lose();
				request((error, value) => {
					this.#lastAnswerAt = performance.now();
					if (error) reject(error);
					else resolve(value as T);
				});
			});
		} catch (error) {
			if (signal.aborted) throw cancelledError(signal.reason);
			throw sftpError(error, `${this.place}/${name}`);
		} finally {
			end();
		}
	}
}
