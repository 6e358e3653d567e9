import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { partialSuffix } from '../files/abandoned';
import { ClaimedDirectory, sweepDirectories } from '../files/claimedDirectory';
import { removeTree } from '../files/removeTree';
import type { CompressionMethod } from '../compression/compression';
import type { OnProgress } from '../artifact/source';
import type { DecryptionKeys } from '../encryption';
import { BackupError, errorCode, fileError } from '../errors';
import { sniffCompression } from './sniffCompression';
import type { ExpectedArchive } from './expectedArchive';
import type { ExtractReport } from './unpack/unpackArchive';
import { unpackInWorker } from './unpack/unpackInWorker';

export interface RestoreArchiveOptions {
	artifactPath: string;
	/** Of the artifact, where it is open already. It stays open. */
	descriptor?: number;
	/** Told by the file's first bytes when undefined. */
	compression?: CompressionMethod;
	/** For an archive that is encrypted. */
	keys?: DecryptionKeys;
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
	/** The most that it may unpack to, in bytes, its headers included. Undefined: no such limit. */
	mostBytes?: number;
	/** What the manifest says, to be compared before anything is put in place. */
	expected?: ExpectedArchive;
}

/** What a directory that counts as empty may hold: ext4 makes it at the top of every volume. */
export const notOurs = ['lost+found'];

const stagingPrefix = '.restore-';

/**
 * Restores an archive with links, permissions, times and, as root, owners.
 *
 * Everything is extracted into `.restore-….partial` in the destination first, which also works when the
 * destination is a mounted volume, and moved into place when the archive is known to be whole. A restore that
 * fails or is cancelled leaves the destination as it was; where the disk fails in the midst of moving, and nothing can be
 * moved back either, the error says that a part is there. What one that was killed left is in nobody's way, and
 * goes as soon as it is known that nobody writes it any more.
 *
 * @throws BackupError `exists` when the destination is not empty, `unsupported` when the archive holds absolute
 * paths, `..`, devices, pipes, links that point outside, paths beyond `longestMemberPath`, or more than `mostBytes`, `damaged` or `incomplete` when it is not whole,
 * `cancelled`
 */
export async function restoreArchive(
	options: RestoreArchiveOptions,
	signal: AbortSignal,
	onProgress?: OnProgress,
): Promise<ExtractReport> {
	const { artifactPath, descriptor, keys, destination, overwrite = false, mostBytes, expected } = options;
	const compression = options.compression ?? (await sniffCompression(artifactPath, { descriptor, keys }));
	const step = `Restoring ${destination}`;
	const { wasMade, warnings } = await prepareDestination(destination, overwrite);
	const staging = join(destination, `${stagingPrefix}${randomUUID()}${partialSuffix}`);
	let isRestored = false;
	try {
		await using _ = await ClaimedDirectory.make(staging, destination);
		const report = await unpackInWorker(
			{
				artifactPath,
				descriptor,
				compression,
				keys,
				staging,
				destination,
				keepOwners: options.keepOwners ?? process.getuid?.() === 0,
				allowOutsideLinks: options.allowOutsideLinks ?? false,
				mostBytes,
				expected,
			},
			(rawBytes) => onProgress?.({ rawBytes, step }),
			signal,
		);
		isRestored = true;
		return { ...report, warnings: [...warnings, ...report.warnings] };
	} finally {
		// A disk that lets nothing be removed must not hide why the restore failed; the next one sweeps.
		await removeTree(staging).catch(() => {});
		if (wasMade && !isRestored) await rmdir(destination).catch(() => {});
	}
}

interface Destination {
	/** Whether it had to be made. */
	wasMade: boolean;
	warnings: string[];
}

async function prepareDestination(destination: string, overwrite: boolean): Promise<Destination> {
	try {
		await mkdir(destination);
		return { wasMade: true, warnings: [] };
	} catch (error) {
		if (errorCode(error) !== 'EEXIST') throw fileError(error, destination);
	}
	await sweepDirectories(destination, isStaging);
	const names = await readdir(destination).catch((error: unknown) => {
		throw fileError(error, destination);
	});
	const leftOver = names.find(isStaging);
	const inTheWay = names.find((name) => !notOurs.includes(name) && !isStaging(name));
	if (inTheWay !== undefined && !overwrite) throw notEmpty(destination, inTheWay, leftOver);
	const warnings = leftOver === undefined ? [] : [staysForNow(destination, leftOver)];
	return { wasMade: false, warnings };
}

function isStaging(name: string): boolean {
	return name.startsWith(stagingPrefix) && name.endsWith(partialSuffix);
}

function notEmpty(destination: string, inTheWay: string, leftOver?: string): BackupError {
	const advice =
		leftOver === undefined
			? 'Choose an empty directory, or allow overwriting; nothing was changed'
			: 'A restore into it was ended half way: allow overwriting to do it again, or choose an empty directory; nothing was changed';
	return new BackupError('exists', `${destination} is not empty: it holds ${inTheWay}`, { advice });
}

function staysForNow(destination: string, leftOver: string): string {
	return (
		`${join(destination, leftOver)} is from another restore into this directory, which was ended half way or still ` +
		'runs. A later restore into it removes what nobody has written to for five minutes.'
	);
}
