import { randomUUID } from 'node:crypto';
import { posix } from 'node:path';
import { Readable } from 'node:stream';
import { AuthType, createClient, type FileStat, type WebDAVClient } from 'webdav';
import type { Component } from '../../artifact';
import { BackupError, cancelledError, hasCode } from '../../errors';
import { isPartial } from '../../files/abandoned';
import { partialPath } from '../../files/atomicFile';
import { type Content, piecesOf } from '../content';
import { abandonedPartialAfterMs, type Destination, type RemoteFile } from '../destination';
import { cutOff, taken } from '../faults';
import { withIdleLimit } from '../idle';
import { IdleWatch } from './idleWatch';
import { statusOf, webdavError } from './webdavError';

export interface WebdavOptions {
	/** `https://host/path`: a directory that is there. */
	url: string;
	user: string;
	password: string;
	/** Nothing sent and nothing received for so long ends a request; a minute when undefined. */
	idleWithinMs?: number;
}

const usualIdleMs = 60_000;

const pieceBytes = 256 * 1024;

/** Servers take a while to put a large file away: so many times longer. */
const puttingAwayTimes = 10;

/** A directory on a WebDAV server: Nextcloud, Hetzner, Synology, Apache. The first call shows whether it can be reached. */
export class WebdavDestination implements Destination {
	readonly place: string;
	readonly #client: WebDAVClient;
	readonly #idleWithinMs: number;
	readonly #puttingAwayMs: number;

	constructor({ url, user, password, idleWithinMs = usualIdleMs }: WebdavOptions) {
		this.#idleWithinMs = idleWithinMs;
		this.#puttingAwayMs = idleWithinMs * puttingAwayTimes;
		const { protocol, host, pathname } = new URL(url);
		const scheme = protocol === 'https:' ? 'webdavs' : 'webdav';
		this.place = `${scheme}://${host}${pathname.replace(/\/+$/, '')}`;
		// Basic, or Digest where the server asks for it.
		const authType = user === '' ? AuthType.None : AuthType.Auto;
		this.#client = createClient(url, { authType, username: user, password });
	}

	async list(component: Component, signal: AbortSignal): Promise<RemoteFile[]> {
		const entries = await this.#entries(component, signal);
		return entries.flatMap(({ basename, size, type }) =>
			type === 'file' && !isPartial(basename) ? { name: `${component}/${basename}`, bytes: size } : [],
		);
	}

	async head(name: string, signal: AbortSignal): Promise<RemoteFile | undefined> {
		try {
			const { size } = await this.#attempt(name, signal, async (end) => {
				return (await this.#client.stat(pathOf(name), { signal: end })) as FileStat;
			});
			return { name, bytes: size };
		} catch (error) {
			if (hasCode(error, 'not-found')) return undefined;
			throw error;
		}
	}

	async put(name: string, content: Content, signal: AbortSignal): Promise<void> {
		// Not every server heeds that a move is to overwrite nothing.
		if (await this.head(name, signal)) throw taken(`${this.place}/${name}`);
		await this.#makeDirectory(posix.dirname(name), signal);
		const partial = partialPath(name, randomUUID());
		try {
			await this.#upload(name, { partial, content }, signal);
			const arrived = await this.head(partial, signal);
			if (arrived?.bytes !== content.bytes) throw cutOff(`${this.place}/${name}`);
			const move = async (end: AbortSignal) =>
				await this.#client.moveFile(pathOf(partial), pathOf(name), { overwrite: false, signal: end });
			await this.#attempt(name, signal, move, this.#puttingAwayMs);
		} catch (error) {
			const isTaken = error instanceof BackupError && statusOf(error.cause) === 412;
			await this.#remove(partial, AbortSignal.timeout(10_000)).catch(() => {});
			throw isTaken ? taken(`${this.place}/${name}`) : error;
		}
	}

	async *get(name: string, signal: AbortSignal): AsyncGenerator<Buffer, void> {
		const path = `${this.place}/${name}`;
		const size = (await this.head(name, signal))?.bytes;
		try {
			// The client's own read stream says nothing of a connection that was lost.
			const response: unknown = await this.#attempt(name, signal, async (end) => {
				return await this.#client.customRequest(pathOf(name), { method: 'GET', signal: end });
			});
			const { body } = response as { body: Readable | null };
			if (!body) throw cutOff(path);
			let bytes = 0;
			for await (const piece of withIdleLimit(body, this.#idleWithinMs, path, signal)) {
				bytes += piece.length;
				yield piece;
			}
			if (size !== undefined && bytes !== size) throw cutOff(path);
		} catch (error) {
			if (signal.aborted) throw cancelledError(signal.reason);
			throw webdavError(error, path);
		}
	}

	async delete(name: string, signal: AbortSignal): Promise<'deleted' | 'locked'> {
		try {
			await this.#remove(name, signal);
			return 'deleted';
		} catch (error) {
			if (hasCode(error, 'not-found')) return 'deleted';
			// Forbidden to this user, or locked.
			if (error instanceof BackupError && [403, 423].includes(statusOf(error.cause) ?? 0)) return 'locked';
			throw error;
		}
	}

	async sweep(component: Component, signal: AbortSignal): Promise<void> {
		for (const { basename, lastmod } of await this.#entries(component, signal)) {
			const isOld = Date.now() - Date.parse(lastmod) > abandonedPartialAfterMs;
			if (!isPartial(basename) || !isOld) continue;
			await this.#remove(`${component}/${basename}`, signal).catch(() => {});
		}
	}

	async [Symbol.asyncDispose](): Promise<void> {}

	async #entries(component: Component, signal: AbortSignal): Promise<FileStat[]> {
		try {
			return await this.#attempt(component, signal, async (end) => {
				return await this.#client.getDirectoryContents(pathOf(component), { signal: end });
			});
		} catch (error) {
			if (!hasCode(error, 'not-found')) throw error;
			// That the place itself is not there must not look like an empty one.
			await this.#attempt('', signal, async (end) => await this.#client.stat('/', { signal: end }));
			return [];
		}
	}

	async #makeDirectory(component: string, signal: AbortSignal): Promise<void> {
		if (await this.head(component, signal)) return;
		try {
			await this.#attempt(component, signal, async (end) => {
				await this.#client.createDirectory(pathOf(component), { signal: end });
			});
		} catch (error) {
			// Another run was first.
			if (!(await this.head(component, signal))) throw error;
		}
	}

	async #upload(
		name: string,
		{ partial, content }: { partial: string; content: Content },
		signal: AbortSignal,
	): Promise<void> {
		using watch = new IdleWatch(this.#idleWithinMs, `${this.place}/${name}`);
		let failure: { error: unknown } | undefined;
		const puttingAwayMs = this.#puttingAwayMs;
		async function* watched() {
			let isOurs = true;
			try {
				for await (const piece of piecesOf(content, pieceBytes)) {
					watch.restart();
					isOurs = false;
					yield piece;
					isOurs = true;
				}
				watch.restart(puttingAwayMs);
			} catch (error) {
				// The client reports no more than that the request failed; and throws in here what broke the request.
				if (isOurs) failure = { error };
				throw error;
			}
		}
		const body = Readable.from(watched(), { objectMode: false });
		body.on('error', () => {});
		try {
			const headers = { 'Content-Length': String(content.bytes) };
			const data = content.bytes === 0 ? await nothing(body) : body;
			const end = AbortSignal.any([signal, watch.signal]);
			await this.#client.putFileContents(pathOf(partial), data, { headers, signal: end });
		} catch (error) {
			if (signal.aborted) throw cancelledError(signal.reason);
			if (failure) throw failure.error;
			throw watch.error ?? webdavError(error, `${this.place}/${name}`);
		} finally {
			body.destroy();
		}
	}

	async #remove(name: string, signal: AbortSignal): Promise<void> {
		await this.#attempt(name, signal, async (end) => {
			await this.#client.deleteFile(pathOf(name), { signal: end });
		});
	}

	async #attempt<T>(
		name: string,
		signal: AbortSignal,
		work: (end: AbortSignal) => Promise<T>,
		limitMs = this.#idleWithinMs,
	): Promise<T> {
		using watch = new IdleWatch(limitMs, this.place);
		try {
			return await work(AbortSignal.any([signal, watch.signal]));
		} catch (error) {
			if (signal.aborted) throw cancelledError(signal.reason);
			throw watch.error ?? webdavError(error, name === '' ? this.place : `${this.place}/${name}`);
		}
	}
}

function pathOf(name: string): string {
	return `/${name}`;
}

/** The client sends no body that is empty; it is read all the same, because that may be wrong. */
async function nothing(body: Readable): Promise<string> {
	for await (const _ of body);
	return '';
}
