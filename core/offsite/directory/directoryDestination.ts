import { randomUUID } from 'node:crypto';
import { lstat, open, realpath, rm } from 'node:fs/promises';
import { constants } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Component, componentDirectory, isComponent } from '../../artifact';
import { listOwnDirectory, prepareDirectory } from '../../artifact/directory';
import { BackupError, cancelledError, errorCode, fileError } from '../../errors';
import { isPartial } from '../../files/abandoned';
import { AtomicFile, partialPath } from '../../files/atomicFile';
import { syncDirectory } from '../../files/durable';
import { Refusals } from '../../files/refusals';
import { type Content, piecesOf } from '../content';
import type { Destination, RemoteFile } from '../destination';

const pieceBytes = 256 * 1024;

/**
 * Another directory, such as a NAS that is mounted: with the same layout and guarantees as a backup directory. It has
 * to exist: making it would fill the disk below a mount that is missing.
 *
 * @param root the backup directory that is copied: the destination must be another one; undefined where nothing is copied
 * @throws BackupError `bad-parameter`, or whatever {@link fileError} says of the directory
 */
export async function openDirectory(path: string, root?: string): Promise<Destination> {
	try {
		const place = await realpath(path);
		if (!(await lstat(place)).isDirectory()) {
			throw new BackupError('bad-parameter', `${path} is not a directory`, { advice: 'Correct the path' });
		}
		if (root !== undefined && (await realpath(root)) === place) {
			throw new BackupError('bad-parameter', `${path} is the backup directory itself`, {
				advice: 'Name a directory on another disk or machine',
			});
		}
		return new DirectoryDestination(place);
	} catch (error) {
		throw fileError(error, path);
	}
}

class DirectoryDestination implements Destination {
	readonly place: string;

	constructor(place: string) {
		this.place = place;
	}

	async list(component: Component): Promise<RemoteFile[]> {
		const names = await listOwnDirectory(componentDirectory(this.place, component));
		const files: RemoteFile[] = [];
		for (const name of names) {
			if (isPartial(name)) continue;
			const file = await this.head(`${component}/${name}`);
			if (file) files.push(file);
		}
		return files;
	}

	async head(name: string): Promise<RemoteFile | undefined> {
		const path = join(this.place, name);
		try {
			const found = await lstat(path);
			return found.isFile() ? { name, bytes: found.size } : undefined;
		} catch (error) {
			if (errorCode(error) === 'ENOENT') return undefined;
			throw fileError(error, path);
		}
	}

	async put(name: string, content: Content, signal: AbortSignal): Promise<void> {
		await this.#prepare(name.split('/')[0] ?? '', signal);
		const path = join(this.place, name);
		// Of its own: another run may be copying the same, and whoever is first gives the name.
		await using file = await AtomicFile.create(path, { partial: partialPath(path, randomUUID()) });
		for await (const piece of piecesOf(content, pieceBytes)) {
			if (signal.aborted) throw cancelledError(signal.reason);
			await file.write(piece);
		}
		await file.commit();
	}

	async *get(name: string, signal: AbortSignal): AsyncGenerator<Buffer, void> {
		const path = join(this.place, name);
		try {
			await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
			for (;;) {
				if (signal.aborted) throw cancelledError(signal.reason);
				const buffer = Buffer.allocUnsafe(pieceBytes);
				const { bytesRead } = await file.read(buffer, 0, pieceBytes, null);
				if (bytesRead === 0) return;
				yield buffer.subarray(0, bytesRead);
			}
		} catch (error) {
			throw fileError(error, path);
		}
	}

	async delete(name: string): Promise<'deleted' | 'locked'> {
		const path = join(this.place, name);
		try {
			await rm(path, { force: true });
			await syncDirectory(dirname(path));
			return 'deleted';
		} catch (error) {
			// As on a snapshot, or a file that is immutable.
			if (['EPERM', 'EROFS'].includes(errorCode(error) ?? '')) return 'locked';
			throw fileError(error, path);
		}
	}

	async sweep(component: Component, signal: AbortSignal): Promise<void> {
		await this.#prepare(component, signal);
	}

	async [Symbol.asyncDispose](): Promise<void> {}

	async #prepare(component: string, signal: AbortSignal): Promise<void> {
		if (!isComponent(component)) throw new TypeError(`${component} is no component`);
		await prepareDirectory({ root: this.place, component, refusals: new Refusals() }, signal);
	}
}
