import { constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BackupError, errorCode, fileError } from '../errors';
import type { Component } from './component';
import { adoptOwner } from '../files/owner';
import type { Refusals } from '../files/refusals';
import { sweepLeftOvers } from './sweep';

/** Where a component's artifacts lie. */
export function componentDirectory(root: string, component: Component): string {
	return join(root, component);
}

/** The names in a component's directory; none when it does not exist or is a link to somewhere else. Throws what {@link fileError} says. */
export async function listOwnDirectory(directory: string): Promise<string[]> {
	try {
		const found = await lstat(directory);
		return found.isDirectory() ? await readdir(directory) : [];
	} catch (error) {
		if (errorCode(error) === 'ENOENT') return [];
		throw fileError(error, directory);
	}
}

/**
 * Makes a component's directory ready for a run: it exists, only its owner can look into it, and what earlier
 * runs left unfinished is finished or gone. The backup directory itself must exist: making it would hide a mount
 * that is missing.
 *
 * @returns the component's directory
 * @throws BackupError when it cannot be used
 */
export async function prepareDirectory(
	{ root, component, refusals }: { root: string; component: Component; refusals: Refusals },
	signal: AbortSignal,
): Promise<string> {
	await assertBackupDirectory(root);
	const directory = componentDirectory(root, component);
	try {
		const isNew = await makeDirectory(directory);
		await using handle = await openOwnDirectory(directory);
		if (isNew && (await isEmpty(handle, directory))) await adoptOwner(handle, root, refusals);
		await closeToOthers(handle, refusals);
	} catch (error) {
		throw fileError(error, directory);
	}
	await sweepLeftOvers(directory, signal);
	return directory;
}

async function assertBackupDirectory(root: string): Promise<void> {
	try {
		const found = await stat(root);
		if (found.isDirectory()) return;
	} catch (error) {
		if (errorCode(error) !== 'ENOENT') throw fileError(error, root);
		throw new BackupError('not-found', `The backup directory ${root} does not exist`, {
			advice: 'Create it, or mount it into the container of n8n and of every worker',
			cause: error,
		});
	}
	throw new BackupError('bad-parameter', `The backup directory ${root} is not a directory`, {
		advice: 'Correct the path',
	});
}

async function makeDirectory(directory: string): Promise<boolean> {
	try {
		await mkdir(directory, { mode: 0o700 });
		return true;
	} catch (error) {
		if (errorCode(error) === 'EEXIST') return false;
		throw error;
	}
}

/** A link in its place could send artifacts, and later deletions, anywhere. */
async function openOwnDirectory(directory: string): Promise<FileHandle> {
	try {
		return await open(directory, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
	} catch (error) {
		if (!['ELOOP', 'ENOTDIR'].includes(errorCode(error) ?? '')) throw error;
		throw new BackupError(
			'bad-parameter',
			`${directory} is not a directory of its own but a link or a file`,
			{
				advice:
					'Move it away; to keep backups elsewhere, mount that place or choose it as the backup directory',
				cause: error,
			},
		);
	}
}

/** Whoever owns the directory above may have put another one in the place of the one that was made. */
async function isEmpty(handle: FileHandle, directory: string): Promise<boolean> {
	const names = await readdir(`/proc/self/fd/${handle.fd}`).catch(async () => await readdir(directory));
	return names.length === 0;
}

/** Some file systems refuse, and some say yes and do nothing. */
async function closeToOthers(directory: FileHandle, refusals: Refusals): Promise<void> {
	const isOpen = async () => ((await directory.stat()).mode & 0o077) !== 0;
	if (!(await isOpen())) return;
	await refusals.tolerate('permissions', async () => await directory.chmod(0o700));
	if (await isOpen()) refusals.add('permissions');
}
