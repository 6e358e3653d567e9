import { execFile } from 'node:child_process';
import { mkdir, truncate, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A file system that a test has mounted; it goes at the end of the block. */
export interface Mount extends AsyncDisposable {
	path: string;
}

/** An exFAT of its own in a file, as on a USB disk: no permissions, no owners, no hard links. Needs root. */
export async function mountExfat(path: string, megabytes = 16): Promise<Mount> {
	const image = `${path}.image`;
	await writeFile(image, '');
	await truncate(image, megabytes * 1024 * 1024);
	await run('mkfs.exfat', [image]);
	await mkdir(path);
	const { stdout } = await run('losetup', ['--find', '--show', image]);
	const device = stdout.trim();
	const detach = async () => await run('losetup', ['--detach', device]);
	await run('mount.exfat-fuse', [device, path]).catch(async (error: unknown) => {
		await detach();
		throw error;
	});
	return {
		path,
		[Symbol.asyncDispose]: async () => {
			await run('umount', [path]);
			await detach();
		},
	};
}

/** An ext4 of its own in a file. Needs root. */
export async function mountExt4(path: string, options: string[] = [], megabytes = 64): Promise<Mount> {
	const image = `${path}.image`;
	await writeFile(image, '');
	await truncate(image, megabytes * 1024 * 1024);
	await run('mkfs.ext4', ['-q', ...options, image]);
	await mkdir(path);
	await run('mount', ['-o', 'loop', image, path]);
	return unmountedAtEnd(path);
}

/** A disk of that size in memory, where there is a directory. Needs root. */
export async function mountTmpfs(path: string, bytes: number): Promise<Mount> {
	await run('mount', ['-t', 'tmpfs', '-o', `size=${Math.ceil(bytes / 4096) * 4096},mode=700`, 'tmpfs', path]);
	return unmountedAtEnd(path);
}

/** A directory once more at another path, with rules of its own, as a file server has them. Needs root. */
export async function mountBind(source: string, path: string, options: string[]): Promise<Mount> {
	await mkdir(path);
	await run('bindfs', [...options, source, path]);
	return unmountedAtEnd(path);
}

function unmountedAtEnd(path: string): Mount {
	return { path, [Symbol.asyncDispose]: async () => void (await run('umount', [path])) };
}
