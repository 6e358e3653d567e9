import { mkdir } from 'node:fs/promises';
import { run } from '../../../scripts/lib/run.ts';

/** Mounts a file system of `kilobytes` at `path`, which only root may do. Undone by the function it returns. */
export async function mountSmallDisk(path: string, kilobytes: number): Promise<() => Promise<void>> {
	await mkdir(path);
	await run('mount', ['-t', 'tmpfs', '-o', `size=${kilobytes}k,mode=0700`, 'tmpfs', path]);
	return async () => {
		await run('umount', [path]);
	};
}
