import { randomUUID } from 'node:crypto';
import { type Dirent } from 'node:fs';
import { readdir, rename, rm } from 'node:fs/promises';
import { errorCode } from '../errors';
import { takesNames } from './longPath';

const slash = Buffer.from('/');

/**
 * Removes a directory of ours with all that is in it, also what lies at paths that are longer than the system takes.
 * One that is not there is no error.
 *
 * @throws Error of the system
 */
export async function removeTree(directory: string): Promise<void> {
	try {
		await rm(directory, { recursive: true, force: true });
	} catch (error) {
		if (errorCode(error) !== 'ENAMETOOLONG') throw error;
		await shortenPaths(Buffer.from(directory));
		await rm(directory, { recursive: true, force: true });
	}
}

/** Moves directories up to the top until no path is too long. */
async function shortenPaths(top: Buffer): Promise<void> {
	const ahead = [top];
	for (let directory = ahead.pop(); directory; directory = ahead.pop()) {
		const children: Array<Dirent<Buffer>> = await readdir(directory, {
			withFileTypes: true,
			encoding: 'buffer',
		});
		for (const child of children.filter((entry) => entry.isDirectory())) {
			const location = Buffer.concat([directory, slash, child.name]);
			ahead.push(takesNames(location) ? location : await moveUp(location, top));
		}
	}
}

async function moveUp(location: Buffer, top: Buffer): Promise<Buffer> {
	const moved = Buffer.concat([top, Buffer.from(`/${randomUUID()}`)]);
	await rename(location, moved);
	return moved;
}
