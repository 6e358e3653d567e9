import { open } from 'node:fs/promises';
import { errorCode } from '../errors';

/** How file systems say that a directory is nothing that they can sync. */
const cannot = ['EINVAL', 'EPERM', 'EACCES', 'EISDIR', 'EBADF', 'ENOTSUP', 'ENOSYS'];

/**
 * Makes renames and deletions in a directory survive a power cut. File systems that cannot sync a directory
 * (some network and Windows ones) say so, which is as far as anybody can go there.
 */
export async function syncDirectory(directory: string): Promise<void> {
	try {
		const handle = await open(directory, 'r');
		try {
			await handle.sync();
		} finally {
			await handle.close();
		}
	} catch (error) {
		if (!cannot.includes(errorCode(error) ?? '')) throw error;
	}
}
