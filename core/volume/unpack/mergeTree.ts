import {
	closeSync,
	type Dirent,
	lstatSync,
	openSync,
	readdirSync,
	readSync,
	renameSync,
	rmSync,
} from 'node:fs';
import { BackupError } from '../../errors';
import { companionSuffixes, isDatabase } from '../sqlite/fileFormat';
import { displayPath } from '../tar/member';

const slash = Buffer.from('/');

/**
 * Moves everything in `from` to the same place in `to`, both on one file system. Directories are merged, files
 * and links replace what has their name; what else is in `to` stays.
 *
 * @throws BackupError `exists`, before anything is moved, when a file or link would have to replace a directory
 */
export function mergeTree(from: Buffer, to: Buffer): void {
	assertMergeable(from, to);
	move(from, to);
}

function assertMergeable(from: Buffer, to: Buffer): void {
	for (const entry of childrenOf(from)) {
		const target = join(to, entry.name);
		if (!isDirectory(target)) continue;
		if (entry.isDirectory()) assertMergeable(join(from, entry.name), target);
		else {
			throw new BackupError('exists', `${displayPath(target)} is a directory, but in the archive it is not`, {
				advice: 'Move that directory away, or restore into an empty one; nothing was changed',
			});
		}
	}
}

function move(from: Buffer, to: Buffer): void {
	for (const entry of childrenOf(from)) {
		const source = join(from, entry.name);
		const target = join(to, entry.name);
		if (entry.isDirectory() && isDirectory(target)) {
			move(source, target);
			continue;
		}
		// A directory replaces nothing but an empty directory by itself; a link to one must not be followed.
		if (entry.isDirectory()) rmSync(target, { force: true });
		else if (entry.isFile()) removeForeignCompanions(source, target);
		renameSync(source, target);
	}
}

/** A write-ahead log left by the database that was here would be replayed into the restored one and ruin it. */
function removeForeignCompanions(source: Buffer, target: Buffer): void {
	if (!isDatabase(firstBytesOf(source))) return;
	for (const suffix of companionSuffixes)
		rmSync(Buffer.concat([target, Buffer.from(suffix)]), { force: true });
}

function firstBytesOf(path: Buffer): Buffer {
	const descriptor = openSync(path, 'r');
	try {
		const bytes = Buffer.alloc(16);
		return bytes.subarray(0, readSync(descriptor, bytes, 0, 16, 0));
	} finally {
		closeSync(descriptor);
	}
}

/** In the order of their bytes, so that a database's own companions come after it. */
function childrenOf(directory: Buffer): Array<Dirent<Buffer>> {
	const children = readdirSync(directory, { withFileTypes: true, encoding: 'buffer' });
	return children.sort((a, b) => Buffer.compare(a.name, b.name));
}

function isDirectory(path: Buffer): boolean {
	return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function join(directory: Buffer, name: Buffer): Buffer {
	return Buffer.concat([directory, slash, name]);
}
