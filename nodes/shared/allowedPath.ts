import type { IExecuteFunctions } from 'n8n-workflow';
import { dirname } from 'node:path';
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
	const resolved = await context.helpers.resolvePath(path).catch((error: unknown) => {
		throw errorCode(error) === 'ENOENT' ? missingParent(path, name, error) : fileError(error, path);
	});
	if (context.helpers.isFilePathBlocked(resolved)) throw blocked(path, name);
	return resolved;
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
