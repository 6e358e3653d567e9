import { randomUUID } from 'node:crypto';
import { posix } from 'node:path';
import type { FileEntry } from 'ssh2';
import type { Component } from '../../artifact';
import { BackupError, hasCode } from '../../errors';
import { isPartial } from '../../files/abandoned';
import { partialPath } from '../../files/atomicFile';
import type { Content } from '../content';
import { abandonedPartialAfterMs, type Destination, type RemoteFile } from '../destination';
import { cutOff, noSpace, taken } from '../faults';
import { connectSftp, type SftpConnection, type SftpOptions } from './connect';
import { readAll, writeAll } from './sftpBytes';
import { type OpenRemote, SftpCalls } from './sftpCalls';
import { SftpStatus, statusOf } from './sftpError';

const usualIdleMs = 60_000;

/** Another run is seldom in between, and never so often. */
const opensPerFile = 3;

/** Opens a directory on an SFTP server. @throws BackupError as {@link connectSftp} does */
export async function openSftpDestination(options: SftpOptions, signal: AbortSignal): Promise<Destination> {
	return new SftpDestination(options, await connectSftp(options, signal));
}

class SftpDestination implements Destination {
	readonly place: string;
	readonly #connection: SftpConnection;
	readonly #calls: SftpCalls;

	constructor(options: SftpOptions, connection: SftpConnection) {
		const { user, host, port, path } = options;
		const root = path.replace(/\/+$/, '');
		const written = path.startsWith('/') ? root : `/~/${root}`;
		this.place = `sftp://${user}@${host}${port === 22 ? '' : `:${port}`}${written}`;
		this.#connection = connection;
		this.#calls = new SftpCalls(connection, {
			root: root === '' ? (path.startsWith('/') ? '/' : '.') : root,
			place: this.place,
			idleWithinMs: options.idleWithinMs ?? usualIdleMs,
		});
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
			return { name, bytes: (await this.#calls.lstat(name, signal)).size };
		} catch (error) {
			if (hasCode(error, 'not-found')) return undefined;
			throw error;
		}
	}

	async put(name: string, content: Content, signal: AbortSignal): Promise<void> {
		await this.#makeDirectory(posix.dirname(name), signal);
		// The same bytes have the same partial file: where one run broke off, the next one goes on.
		const partial = partialPath(name, content.sha256?.slice(0, 32) ?? randomUUID());
		try {
			await this.#write(name, { partial, content }, signal);
			// This protocol's rename replaces nothing, but not every server keeps to that.
			if (await this.head(name, signal)) throw taken(`${this.place}/${name}`);
			await this.#rename(partial, name, signal);
		} catch (error) {
			const reason = (await this.#isFull(error, name, signal)) ? noSpace(`${this.place}/${name}`) : error;
			const mayGoOn =
				content.sha256 !== undefined && (hasCode(error, 'unreachable') || hasCode(error, 'cancelled'));
			if (!mayGoOn) await this.#calls.remove(partial, AbortSignal.timeout(10_000)).catch(() => {});
			throw reason;
		}
	}

	async *get(name: string, signal: AbortSignal): AsyncGenerator<Buffer, void> {
		const file = await this.#calls.open(name, 'r', signal);
		try {
			yield* readAll(this.#calls, file, signal);
		} finally {
			this.#calls.letGo(file);
		}
	}

	async delete(name: string, signal: AbortSignal): Promise<'deleted' | 'locked'> {
		try {
			await this.#calls.remove(name, signal);
			return 'deleted';
		} catch (error) {
			if (hasCode(error, 'not-found')) return 'deleted';
			// An append-only account may not.
			if (hasCode(error, 'not-permitted')) return 'locked';
			throw error;
		}
	}

	async sweep(component: Component, signal: AbortSignal): Promise<void> {
		for (const { filename, attrs } of await this.#entries(component, signal)) {
			const isOld = Date.now() - attrs.mtime * 1000 > abandonedPartialAfterMs;
			if (!isPartial(filename) || !isOld) continue;
			await this.#calls.remove(`${component}/${filename}`, signal).catch(() => {});
		}
	}

	async [Symbol.asyncDispose](): Promise<void> {
		this.#connection.close();
	}

	async #entries(component: Component, signal: AbortSignal): Promise<FileEntry[]> {
		try {
			return await this.#calls.list(component, signal);
		} catch (error) {
			if (hasCode(error, 'not-found')) return [];
			throw error;
		}
	}

	/** The directory of the place itself has to exist: making it would hide a mount that is missing there. */
	async #makeDirectory(component: string, signal: AbortSignal): Promise<void> {
		try {
			await this.#calls.makeDirectory(component, signal);
		} catch (error) {
			// For one that is there already, servers only say "failure".
			await this.#calls.stat(component, signal).catch((missing: unknown) => {
				throw hasCode(missing, 'not-found') ? error : missing;
			});
		}
	}

	async #isFull(error: unknown, name: string, signal: AbortSignal): Promise<boolean> {
		const isFailure = error instanceof BackupError && statusOf(error.cause) === SftpStatus.failure;
		if (!isFailure || signal.aborted || this.#calls.hasEnded) return false;
		return await this.#calls.isFull(posix.dirname(name));
	}

	async #write(
		name: string,
		{ partial, content }: { partial: string; content: Content },
		signal: AbortSignal,
	): Promise<void> {
		const file = await this.#openPartial(name, { partial, content }, signal);
		try {
			await writeAll(this.#calls, file, content, signal);
			await this.#sync(file, signal);
			const bytes = await this.#calls.sizeOf(file, signal);
			if (bytes !== content.bytes) throw cutOff(`${this.place}/${name}`);
		} catch (error) {
			this.#calls.letGo(file);
			throw error;
		}
		await this.#calls.close(file, signal);
	}

	/** Another run of the same bytes has the same partial file: at any time it may give it its name, or take it away. */
	async #openPartial(
		name: string,
		{ partial, content }: { partial: string; content: Content },
		signal: AbortSignal,
	): Promise<OpenRemote> {
		for (let attempt = 1; ; attempt++) {
			try {
				return await this.#openOnce(name, { partial, content }, signal);
			} catch (error) {
				if (signal.aborted || this.#calls.hasEnded || content.sha256 === undefined) throw error;
				if (await this.head(name, signal)) throw taken(`${this.place}/${name}`);
				if (attempt === opensPerFile) throw error;
			}
		}
	}

	async #openOnce(
		name: string,
		{ partial, content }: { partial: string; content: Content },
		signal: AbortSignal,
	): Promise<OpenRemote> {
		try {
			return await this.#calls.open(partial, 'wx', signal, name);
		} catch (error) {
			// For a name that is taken, servers only say "failure".
			const there = content.sha256 === undefined ? undefined : await this.head(partial, signal);
			if (!there) throw error;
			if (there.bytes <= content.bytes) return await this.#calls.open(partial, 'r+', signal, name);
			await this.#calls.remove(partial, signal);
			return await this.#calls.open(partial, 'wx', signal, name);
		}
	}

	async #sync(file: OpenRemote, signal: AbortSignal): Promise<void> {
		try {
			await this.#calls.sync(file, signal);
		} catch (error) {
			const isMissing = error instanceof BackupError && statusOf(error.cause) === SftpStatus.unsupported;
			const isUnknownHere = error instanceof BackupError && statusOf(error.cause) === undefined;
			if ((!isMissing && !isUnknownHere) || this.#calls.hasEnded) throw error;
		}
	}

	async #rename(from: string, to: string, signal: AbortSignal): Promise<void> {
		try {
			await this.#calls.rename(from, to, signal);
		} catch (error) {
			if (signal.aborted || this.#calls.hasEnded) throw error;
			if (await this.head(to, signal)) throw taken(`${this.place}/${to}`);
			throw hasCode(error, 'not-found') ? removedMeanwhile(`${this.place}/${to}`) : error;
		}
	}
}

/** By the bits of its mode, as `stat` has them. */
function isFile(mode: number): boolean {
	return (mode & 0o170000) === 0o100000;
}

function removedMeanwhile(path: string): BackupError {
	return new BackupError('incomplete', `${path} was removed there before it was whole`, {
		advice: 'See whether another run copies there at that time, then run it again',
	});
}
