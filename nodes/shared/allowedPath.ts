import type { IExecuteFunctions } from 'n8n-workflow';
import { readlink, realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { BackupError, errorCode, fileError } from '../../core/errors';

/**
 * A path that n8n's file-access settings allow, with links resolved. Every source, destination and deletion goes
 * through here before core sees it.
 *
 * @throws BackupError `bad-parameter` when nothing was given, `not-found` when not even its parent exists,
 * `not-permitted` when n8n blocks it
 */
export async function allowedPath(context: IExecuteFunctions, path: string, name: string): Promise<string> {
	if (path.trim() === '') {
		throw new BackupError('bad-parameter', `${name} is empty`, { advice: 'Fill it in' });
	}
	const real = await realPathOf(path).catch((error: unknown) => {
		throw errorCode(error) === 'ENOENT' ? missingParent(path, name, error) : fileError(error, path);
	});
	const resolved = await context.helpers.resolvePath(real);
	if (context.helpers.isFilePathBlocked(resolved)) throw blocked(path, name);
	return resolved;
}

/**
 * Where a file at this path is or would be made. n8n's own `resolvePath` stops at what does not exist yet: in
 * n8n 2.1 it then follows no links at all, and to this day it takes a link to nothing for a place of its own.
 */
async function realPathOf(path: string): Promise<string> {
	const real = await realpath(path).catch((error: unknown) => {
		if (errorCode(error) === 'ENOENT') return undefined;
		throw error;
	});
	if (real !== undefined) return real;
	const parent = await realpath(dirname(path));
	const own = join(parent, basename(path));
	const target = await readlink(own).catch(() => undefined);
	if (target === undefined) return own;
	// Not joined: “..” in a link leads out of what the links before it mean.
	return await realPathOf(isAbsolute(target) ? target : `${parent}/${target}`);
}

function missingParent(path: string, name: string, cause: unknown): BackupError {
	return new BackupError('not-found', `${name}: neither ${path} nor ${dirname(path)} exists`, {
		advice: 'Correct the path, or mount it into the container of n8n and of every worker',
		cause,
	});
}

function blocked(path: string, name: string): BackupError {
	return new BackupError('not-permitted', `${name}: n8n does not allow nodes to use ${path}`, {
		advice:
			'Add it to N8N_RESTRICT_FILE_ACCESS_TO (";" between paths); n8n’s own data folder stays blocked, so mount it a second time, read-only, at another path',
	});
}
