import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { BackupError, errorCode } from '../errors';

/**
 * Opens a file for reading that may lie in another user's directory. Whoever owns that could put a link to anywhere
 * in its place, which root must not follow, or a pipe, which would be waited for. What is read of the handle then is
 * one and the same file, whatever becomes of its path.
 *
 * @param followLinks whether it may be a link; by default for everybody but root
 * @throws BackupError `bad-parameter` when it is no regular file; Error of the system when it cannot be opened
 */
export async function openRegularFile(
	path: string,
	followLinks: boolean = process.geteuid?.() !== 0,
): Promise<FileHandle> {
	const file = await openWithoutWaiting(path, constants.O_RDONLY | (followLinks ? 0 : constants.O_NOFOLLOW));
	try {
		if ((await file.stat()).isFile()) return file;
		throw new BackupError('bad-parameter', `${path} is not a regular file`, { advice: 'Correct the path' });
	} catch (error) {
		await file.close();
		throw error;
	}
}

/** Waits only for a file that another program holds a lease on: the system ends that within a minute. */
async function openWithoutWaiting(path: string, flags: number): Promise<FileHandle> {
	try {
		return await open(path, flags | constants.O_NONBLOCK);
	} catch (error) {
		if (errorCode(error) !== 'EAGAIN') throw error;
		return await open(path, flags);
	}
}
