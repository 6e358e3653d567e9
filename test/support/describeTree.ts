import { createHash } from 'node:crypto';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Every file, folder and link below a directory with its mode, whole-second time and content, by path. Two trees
 * that are equal in this are the same to whoever restores them.
 */
export async function describeTree(root: string): Promise<Record<string, string>> {
	const paths = await readdir(root, { recursive: true });
	const entries = await Promise.all(
		paths.map(async (path) => [path, await describeEntry(join(root, path))] as const),
	);
	return Object.fromEntries(entries);
}

async function describeEntry(path: string): Promise<string> {
	const stats = await lstat(path);
	const permissions = (stats.mode & 0o7777).toString(8);
	if (stats.isSymbolicLink()) return `link to ${await readlink(path)}`;
	if (stats.isDirectory()) return `directory ${permissions}`;
	const digest = createHash('sha256')
		.update(await readFile(path))
		.digest('hex');
	return `file ${permissions} ${Math.floor(stats.mtimeMs / 1000)} ${digest}`;
}
