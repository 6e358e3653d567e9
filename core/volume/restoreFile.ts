import { type FileHandle, link, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { partialPath } from '../artifact/atomicFile';
import { syncDirectory } from '../artifact/durable';
import { readArtifact } from '../artifact/readArtifact';
import { BackupError, errorCode, fileError } from '../errors';

export interface RestoreFileOptions {
	/** A `.backup` artifact: the file's bytes as they were. */
	artifactPath: string;
	/** Path of the file to make; the directory must exist. */
	destination: string;
	/** Replace a file that is there. False by default. */
	overwrite?: boolean;
	/** What the manifest says, to be compared before the file gets its name. */
	expected?: { sha256: string };
}

/**
 * Restores a single file, readable and writable by its owner only. It appears under its name when it is complete
 * and on the disk; a file that is replaced stays whole until then.
 *
 * @returns its size in bytes
 * @throws BackupError `exists` when something is there that may not be replaced, `damaged` when the artifact is
 * not what was expected, `cancelled`
 */
export async function restoreFile(options: RestoreFileOptions, signal: AbortSignal): Promise<number> {
	const { destination, overwrite = false } = options;
	await assertFree(destination, overwrite);
	const partial = partialPath(destination);
	let file: FileHandle | undefined;
	try {
		file = await open(partial, 'wx', 0o600);
		const bytes = await fill(file, options, signal);
		await file.sync();
		await place(partial, destination, overwrite);
		await syncDirectory(dirname(destination));
		return bytes;
	} catch (error) {
		throw fileError(error, destination);
	} finally {
		await file?.close();
		if (file) await rm(partial, { force: true });
	}
}

async function fill(
	file: FileHandle,
	{ artifactPath, expected }: RestoreFileOptions,
	signal: AbortSignal,
): Promise<number> {
	const write = async (raw: AsyncIterable<Buffer>): Promise<void> => {
		for await (const chunk of raw) await file.appendFile(chunk);
	};
	const { rawBytes, sha256 } = await readArtifact({ path: artifactPath, compression: 'none' }, write, signal);
	if (expected === undefined || expected.sha256 === sha256) return rawBytes;
	throw new BackupError('damaged', `${artifactPath} is not what its manifest describes`, {
		advice: 'Verify it and use another backup; nothing was restored',
	});
}

async function assertFree(destination: string, overwrite: boolean): Promise<void> {
	const found = await stat(destination).catch((error: unknown) => {
		if (errorCode(error) === 'ENOENT') return undefined;
		throw fileError(error, destination);
	});
	if (!found || (overwrite && found.isFile())) return;
	const advice = found.isFile()
		? 'Choose another path, or allow overwriting; nothing was changed'
		: 'Choose the path of a file; nothing was changed';
	throw new BackupError('exists', `${destination} is already there`, { advice });
}

/** A hard link fails where a rename would replace what has appeared meanwhile. */
async function place(partial: string, destination: string, overwrite: boolean): Promise<void> {
	if (overwrite) await rename(partial, destination);
	else await link(partial, destination);
}
