import {
	closeSync,
	existsSync,
	lstatSync,
	openSync,
	readdirSync,
	readSync,
	renameSync,
	rmSync,
} from 'node:fs';
import { BackupError } from '../../errors';
import { rivalStorageFolder } from '../../n8n/storageFolder';
import { companionSuffixes, isDatabase } from '../sqlite/fileFormat';
import { OpenFiles } from '../pack/openFiles';
import { displayPath } from '../../tar/member';
import { MountsBelow } from './mountsBelow';
import { walkShared } from './sharedWalk';

/**
 * Looks whether {@link mergeTree} can do all of its work, before it does any.
 *
 * @throws BackupError `exists` when a file or link would have to replace a directory, or n8n would find its storage under
 * both of its names; `unsupported` when something
 * would have to be moved into a mount below `to`, or in place of one, or in place of a database that this process
 * has open: n8n would go on with the old one, without its log
 */
export function assertMergeable(from: Buffer, to: Buffer): void {
	assertOneStorage(from, to);
	const mounts = new MountsBelow(to);
	const openHere = new OpenFiles();
	for (const { entry, source, target, below, isDirectoryThere } of walkShared(from, to)) {
		const shown = Buffer.concat([to, below]);
		if (mounts.has(target, below)) {
			const isEmpty = entry.isDirectory() && readdirSync(source).length === 0;
			if (!isEmpty) throw intoMount(shown);
		} else if (isDirectoryThere) {
			if (!entry.isDirectory()) throw inPlaceOfDirectory(shown);
		} else if (entry.isFile() && openHere.has(target) && isDatabase(firstBytesOf(source))) {
			throw inUse(shown);
		}
	}
}

function assertOneStorage(from: Buffer, to: Buffer): void {
	const rival = rivalStorageFolder(readdirSync(from));
	if (rival === undefined) return;
	const path = Buffer.concat([to, Buffer.from(`/${rival}`)]);
	if (existsSync(path)) throw twoStorages(displayPath(path));
}

/** For an archive that has n8n's storage under the other name. */
export function twoStorages(shown: string): BackupError {
	return new BackupError(
		'exists',
		`${shown} is there already, and n8n 3 does not start with binaryData and storage`,
		{
			advice: 'Move that one away, or restore into an empty directory; nothing was changed',
		},
	);
}

function intoMount(target: Buffer): BackupError {
	return new BackupError(
		'unsupported',
		`${displayPath(target)} is a mount of its own, which nothing can be moved into as a whole`,
		{
			advice: 'Unmount it, or restore into another directory and copy from there; nothing was changed',
		},
	);
}

function inUse(target: Buffer): BackupError {
	return new BackupError('unsupported', `${displayPath(target)} is the database that this very n8n runs on`, {
		advice:
			'Stop n8n and restore it by the command line (n8n-backup restore volume), or choose another directory; nothing was changed',
	});
}

function inPlaceOfDirectory(target: Buffer): BackupError {
	return new BackupError('exists', `${displayPath(target)} is a directory, but in the archive it is not`, {
		advice: 'Move that directory away, or restore into an empty one; nothing was changed',
	});
}

/**
 * Moves everything in `from` to the same place in `to`, both on one file system. Directories are merged, files
 * and links replace what has their name; what else is in `to` stays. Call {@link assertMergeable} first.
 *
 * When a move fails, those before it are taken back, but for files that have replaced others.
 *
 * @throws BackupError `disk` where they could not be taken back; else what the move failed with
 */
export function mergeTree(from: Buffer, to: Buffer): void {
	const added: Buffer[] = [];
	try {
		for (const { entry, source, target, below, isDirectoryThere } of walkShared(from, to)) {
			if (entry.isDirectory() && isDirectoryThere) continue;
			const isNew = lstatSync(target, { throwIfNoEntry: false }) === undefined;
			// A directory replaces nothing but an empty directory by itself; a link to one must not be followed.
			if (entry.isDirectory()) rmSync(target, { force: true });
			else if (entry.isFile()) removeForeignCompanions(source, target);
			renameSync(source, target);
			if (isNew) added.push(below);
		}
	} catch (error) {
		takeBack(added, from, to, error);
		throw error;
	}
}

/** The last one first: what is in a directory goes before it. */
function takeBack(added: readonly Buffer[], from: Buffer, to: Buffer, failure: unknown): void {
	try {
		for (const below of added.toReversed()) {
			renameSync(Buffer.concat([to, below]), Buffer.concat([from, below]));
		}
	} catch {
		const shown = displayPath(to);
		throw new BackupError('disk', `${shown} holds a part of the backup: the disk took no more of it`, {
			advice: `Check the disk (dmesg), delete what was restored into ${shown}, and restore again`,
			cause: failure,
		});
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
