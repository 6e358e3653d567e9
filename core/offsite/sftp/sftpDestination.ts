import { randomUUID } from 'node:crypto';
import { posix } from 'node:path';
import type { FileEntry, SFTPWrapper } from 'ssh2';
import type { Component } from '../../artifact';
import { BackupError, cancelledError } from '../../errors';
import { partialSuffix } from '../../files/abandoned';
import { partialPath } from '../../files/atomicFile';
import type { Content } from '../content';
import type { Destination, RemoteFile } from '../destination';
import { connectSftp, type SftpConnection, type SftpOptions } from './connect';
import { isFull } from './isFull';
import { SftpStatus, sftpError, statusOf } from './sftpError';

const pieceBytes = 32 * 1024;

/** Requests on their way at a time: over a long line each one waits for its answer. */
const requestsAtOnce = 32;

/** A partial file that nobody has written to for a day is nobody's any more. */
const abandonedAfterMs = 24 * 60 * 60_000;

const usualIdleMs = 60_000;

/** Opens a directory on an SFTP server. @throws BackupError as {@link connectSftp} does */
export async function openSftpDestination(options: SftpOptions, signal: AbortSignal): Promise<Destination> {
	return new SftpDestination(options, await connectSftp(options, signal));
}

type Callback<T> = (error?: Error | null, value?: T) => void;

class SftpDestination implements Destination {
	readonly place: string;
	readonly #connection: SftpConnection;
	readonly #sftp: SFTPWrapper;
	readonly #root: string;
	readonly #idleWithinMs: number;
	/** As `performance.now()` says it. */
	#lastAnswerAt = 0;

	constructor(options: SftpOptions, connection: SftpConnection) {
		const { user, host, port, path } = options;
		const root = path.replace(/\/+$/, '');
		const written = path.startsWith('/') ? root : `/~/${root}`;
		this.place = `sftp://${user}@${host}${port === 22 ? '' : `:${port}`}${written}`;
		this.#root = root === '' ? (path.startsWith('/') ? '/' : '.') : root;
		this.#idleWithinMs = options.idleWithinMs ?? usualIdleMs;
		this.#connection = connection;
		this.#sftp = connection.sftp;
	}

	async list(component: Component, signal: AbortSignal): Promise<RemoteFile[]> {
		const entries = await this.#entries(component, signal);
		return entries.flatMap(({ filename, attrs }) =>
			isFile(attrs.mode) && !isPartial(filename)
				? { name: `${component}/${filename}`, bytes: attrs.size }
				: [],
		);
	}

	async head(name: string, signal: AbortSignal): Promise<RemoteFile | undefined> {
		try {
			const stats = await this.#ask<{ size: number }>(name, signal, (done) =>
				this.#sftp.lstat(this.#path(name), done),
			);
			return { name, bytes: stats.size };
		} catch (error) {
			if (isNotFound(error)) return undefined;
			throw error;
		}
	}

	async put(name: string, content: Content, signal: AbortSignal): Promise<void> {
		await this.#makeDirectory(posix.dirname(name), signal);
		const partial = partialPath(name, randomUUID());
		try {
			await this.#write(name, { partial, content }, signal);
			// This protocol's rename replaces nothing, but not every server keeps to that.
			if (await this.head(name, signal)) throw taken(`${this.place}/${name}`);
			await this.#rename(partial, name, signal);
		} catch (error) {
			const reason = (await this.#isFull(error, name, signal)) ? noSpace(`${this.place}/${name}`) : error;
			await this.#remove(partial, AbortSignal.timeout(10_000)).catch(() => {});
			throw reason;
		}
	}

	async *get(name: string, signal: AbortSignal): AsyncGenerator<Buffer, void> {
		const path = this.#path(name);
		const handle = await this.#ask<Buffer>(name, signal, (done) => this.#sftp.open(path, 'r', done));
		try {
			const { size } = await this.#ask<{ size: number }>(name, signal, (done) =>
				this.#sftp.fstat(handle, done),
			);
			const ahead: Array<Promise<Buffer>> = [];
			let asked = 0;
			for (let position = 0; position < size;) {
				while (asked < size && ahead.length < requestsAtOnce) {
					const reading = this.#readAt(
						handle,
						{ name, position: asked, length: Math.min(pieceBytes, size - asked) },
						signal,
					);
					reading.catch(() => {});
					ahead.push(reading);
					asked += pieceBytes;
				}
				const piece = await ahead.shift()!;
				position += piece.length;
				yield piece;
			}
		} finally {
			this.#sftp.close(handle, () => {});
		}
	}

	async delete(name: string, signal: AbortSignal): Promise<'deleted' | 'locked'> {
		try {
			await this.#remove(name, signal);
			return 'deleted';
		} catch (error) {
			if (isNotFound(error)) return 'deleted';
			// An append-only account may not.
			if (error instanceof BackupError && error.code === 'not-permitted') return 'locked';
			throw error;
		}
	}

	async sweep(component: Component, signal: AbortSignal): Promise<void> {
		for (const { filename, attrs } of await this.#entries(component, signal)) {
			const isOld = Date.now() - attrs.mtime * 1000 > abandonedAfterMs;
			if (!isPartial(filename) || !isOld) continue;
			await this.#remove(`${component}/${filename}`, signal).catch(() => {});
		}
	}

	async [Symbol.asyncDispose](): Promise<void> {
		this.#connection.close();
	}

	async #entries(component: Component, signal: AbortSignal): Promise<FileEntry[]> {
		try {
			const path = this.#path(component);
			return await this.#ask<FileEntry[]>(component, signal, (done) => this.#sftp.readdir(path, done));
		} catch (error) {
			if (isNotFound(error)) return [];
			throw error;
		}
	}

	/** The directory of the place itself has to exist: making it would hide a mount that is missing there. */
	async #makeDirectory(component: string, signal: AbortSignal): Promise<void> {
		const path = this.#path(component);
		try {
			await this.#ask(component, signal, (done) => this.#sftp.mkdir(path, { mode: 0o700 }, done));
		} catch (error) {
			// Servers say no more than "failure" of one that is there already.
			const isThere = await this.#ask(component, signal, (done) => this.#sftp.stat(path, done)).then(
				() => true,
				() => false,
			);
			if (!isThere) throw error;
		}
	}

	async #isFull(error: unknown, name: string, signal: AbortSignal): Promise<boolean> {
		const isFailure = error instanceof BackupError && statusOf(error.cause) === SftpStatus.failure;
		if (!isFailure || signal.aborted || this.#connection.ended.aborted) return false;
		return await isFull(this.#sftp, this.#path(posix.dirname(name)), this.#idleWithinMs);
	}

	async #write(
		name: string,
		{ partial, content }: { partial: string; content: Content },
		signal: AbortSignal,
	): Promise<void> {
		const path = this.#path(partial);
		const handle = await this.#ask<Buffer>(name, signal, (done) =>
			this.#sftp.open(path, 'wx', { mode: 0o600 }, done),
		);
		try {
			await this.#writeAll(handle, { name, content }, signal);
			await this.#sync(handle, name, signal);
			const { size } = await this.#ask<{ size: number }>(name, signal, (done) =>
				this.#sftp.fstat(handle, done),
			);
			if (size !== content.bytes) throw notArrived(`${this.place}/${name}`);
		} catch (error) {
			this.#sftp.close(handle, () => {});
			throw error;
		}
		await this.#ask(name, signal, (done) => this.#sftp.close(handle, done));
	}

	async #writeAll(
		handle: Buffer,
		{ name, content }: { name: string; content: Content },
		signal: AbortSignal,
	): Promise<void> {
		const underWay = new Set<Promise<unknown>>();
		let position = 0;
		for await (const piece of content.pieces()) {
			for (let start = 0; start < piece.length; start += pieceBytes) {
				const part = piece.subarray(start, start + pieceBytes);
				const at = position;
				position += part.length;
				const writing: Promise<unknown> = this.#ask(name, signal, (done) =>
					this.#sftp.write(handle, part, 0, part.length, at, done),
				).finally(() => underWay.delete(writing));
				// A failure while nobody waits is remembered by the set, and thrown at the next turn.
				writing.catch(() => underWay.add(writing));
				underWay.add(writing);
				if (underWay.size >= requestsAtOnce) await Promise.race(underWay);
			}
		}
		await Promise.all(underWay);
	}

	/** Where the server has OpenSSH's extension. */
	async #sync(handle: Buffer, name: string, signal: AbortSignal): Promise<void> {
		try {
			await this.#ask(name, signal, (done) => this.#sftp.ext_openssh_fsync(handle, done));
		} catch (error) {
			const isMissing = error instanceof BackupError && statusOf(error.cause) === SftpStatus.unsupported;
			const isUnknownHere = error instanceof BackupError && statusOf(error.cause) === undefined;
			if (!isMissing && !isUnknownHere) throw error;
			if (this.#connection.ended.aborted) throw error;
		}
	}

	async #rename(from: string, to: string, signal: AbortSignal): Promise<void> {
		try {
			await this.#ask(to, signal, (done) => this.#sftp.rename(this.#path(from), this.#path(to), done));
		} catch (error) {
			if (!signal.aborted && !this.#connection.ended.aborted && (await this.head(to, signal))) {
				throw taken(`${this.place}/${to}`);
			}
			throw error;
		}
	}

	async #remove(name: string, signal: AbortSignal): Promise<void> {
		await this.#ask(name, signal, (done) => this.#sftp.unlink(this.#path(name), done));
	}

	async #readAt(
		handle: Buffer,
		{ name, position, length }: { name: string; position: number; length: number },
		signal: AbortSignal,
	): Promise<Buffer> {
		const buffer = Buffer.allocUnsafeSlow(length);
		for (let filled = 0; filled < length;) {
			const got = await this.#ask<number>(name, signal, (done) =>
				this.#sftp.read(handle, buffer, filled, length - filled, position + filled, (error, bytes) =>
					done(error, bytes),
				),
			);
			if (got === 0) throw notArrived(`${this.place}/${name}`);
			filled += got;
		}
		return buffer;
	}

	/** One request and its answer, which may never come: then the connection's end, or the time, ends the waiting. */
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

	#path(name: string): string {
		return posix.join(this.#root, name);
	}
}

/** By the bits of its mode, as `stat` has them. */
function isFile(mode: number): boolean {
	return (mode & 0o170000) === 0o100000;
}

function isPartial(fileName: string): boolean {
	return fileName.startsWith('.') && fileName.endsWith(partialSuffix);
}

function isNotFound(error: unknown): boolean {
	return error instanceof BackupError && error.code === 'not-found';
}

function taken(path: string): BackupError {
	return new BackupError('exists', `${path} is already there`, {
		advice: 'Move it away, or copy to another place; nothing was overwritten',
	});
}

function noSpace(path: string): BackupError {
	return new BackupError('no-space', `There was no space left for ${path}`, {
		advice: 'Free space on that server or raise the quota, then run it again',
	});
}

function notArrived(path: string): BackupError {
	return new BackupError('incomplete', `${path} does not have the bytes that it should`, {
		advice: 'Check the network and the disk of that server, then run it again',
	});
}
