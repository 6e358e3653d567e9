import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CompressionMethod } from '../artifact/compression';
import type { OnProgress } from '../artifact/progress';
import { BackupError, errorCode, fileError } from '../errors';
import { sniffCompression } from './sniffCompression';
import type { ExpectedArchive, UnpackReport } from './unpack/unpackArchive';
import { unpackInWorker } from './unpack/unpackInWorker';

export interface RestoreArchiveOptions {
	artifactPath: string;
	/** Told by the file's first bytes when undefined. */
	compression?: CompressionMethod;
	/** A directory that is empty or does not exist yet; the one above it must exist. */
	destination: string;
	/**
	 * Restore into a directory that holds something: files and links of the same name are replaced, everything
	 * else stays. False by default.
	 */
	overwrite?: boolean;
	/** Restore symbolic links that point out of the archived directory instead of refusing. False by default. */
	allowOutsideLinks?: boolean;
	/** Whether files get their numeric owners back. By default when this process is root; nobody else can. */
	keepOwners?: boolean;
	/** What the manifest says, to be compared before anything is put in place. */
	expected?: ExpectedArchive;
}

/** What a directory that counts as empty may hold: ext4 makes it at the top of every volume. */
export const notOurs = ['lost+found'];

/**
 * Restores an archive with links, permissions, times and, as root, owners.
 *
 * Everything is extracted into `.restore-….partial` in the destination first, which also works when the
 * destination is a mounted volume, and moved into place when the archive is known to be whole. A restore that
 * fails or is cancelled leaves the destination as it was.
 *
 * @throws BackupError `exists` when the destination is not empty, `unsupported` when the archive holds absolute
 * paths, `..`, devices, pipes or links that point outside, `damaged` or `incomplete` when it is not whole,
 * `cancelled`
 */
export async function restoreArchive(
	options: RestoreArchiveOptions,
	signal: AbortSignal,
	onProgress?: OnProgress,
): Promise<UnpackReport> {
	const { artifactPath, destination, overwrite = false, allowOutsideLinks = false, expected } = options;
	const compression = options.compression ?? (await sniffCompression(artifactPath));
	const step = `Restoring ${destination}`;
	const wasMade = await prepareDestination(destination, overwrite);
	const staging = join(destination, `.restore-${randomUUID()}.partial`);
	let isRestored = false;
	try {
		await mkdir(staging, { mode: 0o700 }).catch((error: unknown) => {
			throw fileError(error, destination);
		});
		const report = await unpackInWorker(
			{
				artifactPath,
				compression,
				staging,
				destination,
				keepOwners: options.keepOwners ?? process.getuid?.() === 0,
				allowOutsideLinks,
				expected,
			},
			(rawBytes) => onProgress?.({ rawBytes, step }),
			signal,
		);
		isRestored = true;
		return report;
	} finally {
		await rm(staging, { recursive: true, force: true });
		if (wasMade && !isRestored) await rmdir(destination).catch(() => {});
	}
}

/** @returns whether the directory had to be made */
async function prepareDestination(destination: string, overwrite: boolean): Promise<boolean> {
	try {
		await mkdir(destination);
		return true;
	} catch (error) {
		if (errorCode(error) !== 'EEXIST') throw fileError(error, destination);
	}
	const names = await readdir(destination).catch((error: unknown) => {
		throw fileError(error, destination);
	});
	const inTheWay = names.filter((name) => !notOurs.includes(name));
	if (inTheWay.length === 0 || overwrite) return false;
	throw new BackupError('exists', `${destination} is not empty: it holds ${inTheWay[0]}`, {
		advice: 'Choose an empty directory, or allow overwriting; nothing was changed',
	});
}
