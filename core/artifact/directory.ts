import { chmod, lstat, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BackupError, errorCode, fileError } from '../errors';
import { abandonedAfterMs, partialSuffix } from './atomicFile';
import type { Component } from './component';
import { adoptOwner } from './owner';

/** Where a component's artifacts lie. */
export function componentDirectory(root: string, component: Component): string {
	return join(root, component);
}

/**
 * Makes a component's directory ready for a run: it exists, only its owner can look into it, and what earlier
 * runs left unfinished is gone. The backup directory itself must exist: making it would hide a mount that is
 * missing.
 *
 * @returns the component's directory
 * @throws BackupError when it cannot be used
 */
export async function prepareDirectory(root: string, component: Component): Promise<string> {
	await assertBackupDirectory(root);
	const directory = componentDirectory(root, component);
	try {
		await mkdir(directory, { mode: 0o700 });
		await adoptOwner(directory, root);
	} catch (error) {
		if (errorCode(error) !== 'EEXIST') throw fileError(error, directory);
	}
	await assertOwnDirectory(directory);
	await sweepPartials(directory);
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

/** A link in its place could send artifacts, and later deletions, anywhere. */
async function assertOwnDirectory(directory: string): Promise<void> {
	const found = await lstat(directory);
	if (!found.isDirectory()) {
		throw new BackupError(
			'bad-parameter',
			`${directory} is not a directory of its own but a link or a file`,
			{
				advice:
					'Move it away; to keep backups elsewhere, mount that place or choose it as the backup directory',
			},
		);
	}
	try {
		if ((found.mode & 0o077) !== 0) await chmod(directory, 0o700);
	} catch (error) {
		throw fileError(error, directory);
	}
}

async function sweepPartials(directory: string): Promise<void> {
	const names = await readdir(directory).catch((error: unknown) => {
		throw fileError(error, directory);
	});
	for (const name of names) {
		if (!name.startsWith('.') || !name.endsWith(partialSuffix)) continue;
		const path = join(directory, name);
		const found = await lstat(path).catch(() => undefined);
		if (found?.isFile() && Date.now() - found.mtimeMs > abandonedAfterMs) await rm(path, { force: true });
	}
}
