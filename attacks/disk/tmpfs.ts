import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A disk of that size in memory, until the end of the block. Needs root. */
export async function mountTmpfs(path: string, bytes: number): Promise<AsyncDisposable> {
	await run('mount', ['-t', 'tmpfs', '-o', `size=${Math.ceil(bytes / 4096) * 4096},mode=700`, 'tmpfs', path]);
	return { [Symbol.asyncDispose]: async () => void (await run('umount', [path])) };
}
