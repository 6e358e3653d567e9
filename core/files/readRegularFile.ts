import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { BackupError, errorCode, fileError } from '../errors';

// Neither waits for who writes into a pipe, nor goes where a link leads.
const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;

/**
 * Reads a whole small file that anybody may have put there: only a regular file, no link, and no more bytes than
 * are expected of one.
 *
 * @throws BackupError `not-found`; `unreadable` for everything else that keeps it from being read
 */
export async function readRegularFile(path: string, mostBytes: number): Promise<Buffer> {
	try {
		const handle = await open(path, flags);
		try {
			return await readHandle(handle, path, mostBytes);
		} finally {
			await handle.close();
		}
	} catch (error) {
		if (errorCode(error) === 'ELOOP') throw unreadable(path, 'it is a link');
		const { code, what, advice } = fileError(error, path);
		if (code === 'not-found' || code === 'unreadable')
			throw new BackupError(code, what, { advice, cause: error });
		throw new BackupError('unreadable', `${path} cannot be read: ${what}`, { advice, cause: error });
	}
}

async function readHandle(handle: FileHandle, path: string, mostBytes: number): Promise<Buffer> {
	const found = await handle.stat();
	if (!found.isFile()) throw unreadable(path, 'it is not a regular file');
	if (found.size > mostBytes)
		throw unreadable(path, `it has ${found.size} bytes, ${mostBytes} at most are read`);
	const buffer = Buffer.allocUnsafe(found.size);
	let length = 0;
	while (length < buffer.length) {
		const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length);
		if (bytesRead === 0) break;
		length += bytesRead;
	}
	return buffer.subarray(0, length);
}

function unreadable(path: string, problem: string): BackupError {
	return new BackupError('unreadable', `${path} cannot be read: ${problem}`, {
		advice: 'Find out who put it there; without it nobody can know what the artifact beside it is',
	});
}
