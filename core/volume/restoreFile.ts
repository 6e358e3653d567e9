import { randomUUID } from 'node:crypto';
import { readdir, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { findAbandoned, partialSuffix } from '../files/abandoned';
import { AtomicFile, partialPath } from '../files/atomicFile';
import { assertChecksum, type Checksum } from '../artifact/checksum';
import type { Manifest } from '../artifact/manifest';
import { readArtifact } from '../artifact/readArtifact';
import { Refusals } from '../files/refusals';
import { BackupError, errorCode, fileError } from '../errors';
import type { DecryptionKeys } from '../encryption';
import { isEncryptedCopy } from './encryptedCopy';

export interface RestoreFileOptions {
	/** A `.backup` artifact: the file's bytes as they were. */
	artifactPath: string;
	/** Of the artifact, where it is open already. It stays open. */
	descriptor?: number;
	/** For a copy that is encrypted. */
	keys?: DecryptionKeys;
	/** Path of the file to make; the directory must exist. */
	destination: string;
	/** Replace a file that is there. False by default. */
	overwrite?: boolean;
	/** What the manifest says, to be compared before the file gets its name. */
	expected?: Checksum & Pick<Manifest, 'encryption'>;
}

export interface RestoredFile {
	/** Size of the file. */
	bytes: number;
	/** What else could not be done, and what an earlier restore left, in sentences for people. */
	warnings: string[];
}

/**
 * Restores a single file, readable and writable by its owner only. It appears under its name when it is complete
 * and on the disk; a file that is replaced stays whole until then. What a restore that was killed left beside it is
 * in nobody's way, and goes as soon as it is known that nobody writes it any more.
 *
 * @throws BackupError `exists` when something is there that may not be replaced, `damaged` when the artifact is
 * not what was expected, `cancelled`
 */
export async function restoreFile(options: RestoreFileOptions, signal: AbortSignal): Promise<RestoredFile> {
	const { destination, overwrite = false } = options;
	const isReplaced = await findReplaced(destination, overwrite);
	const leftOvers = await sweepEarlier(destination);
	const refusals = new Refusals();
	const partial = partialPath(destination, randomUUID());
	// It stays root's where root restores: of what a link in another user's directory may lead to, nobody gets a copy.
	const how = { partial, replace: isReplaced, adopt: false, refusals };
	await using file = await AtomicFile.create(destination, how);
	const bytes = await fill(file, options, signal);
	const problems = await file.commit();
	return { bytes, warnings: [...leftOvers, ...refusals.warnings(dirname(destination)), ...problems] };
}

async function fill(
	file: AtomicFile,
	{ artifactPath, descriptor, keys, expected }: RestoreFileOptions,
	signal: AbortSignal,
): Promise<number> {
	const write = async (raw: AsyncIterable<Buffer>): Promise<void> => {
		for await (const chunk of raw) await file.write(chunk);
	};
	const isEncrypted = isEncryptedCopy(artifactPath, expected);
	const request = { path: artifactPath, descriptor, compression: 'none', isEncrypted, keys } as const;
	const measures = await readArtifact(request, write, signal);
	assertChecksum(artifactPath, measures, expected);
	return measures.rawBytes;
}

/** @returns whether there is a file to replace */
async function findReplaced(destination: string, overwrite: boolean): Promise<boolean> {
	const found = await stat(destination).catch((error: unknown) => {
		if (errorCode(error) === 'ENOENT') return undefined;
		throw fileError(error, destination);
	});
	if (!found) return overwrite;
	if (overwrite && found.isFile()) return true;
	const advice = found.isFile()
		? 'Choose another path, or allow overwriting; nothing was changed'
		: 'Choose the path of a file; nothing was changed';
	throw new BackupError('exists', `${destination} is already there`, { advice });
}

/** @returns what became of the partial files of earlier restores, in sentences for people */
async function sweepEarlier(destination: string): Promise<string[]> {
	const directory = dirname(destination);
	const isOurs = (name: string) =>
		name.startsWith(`.${basename(destination)}.`) && name.endsWith(partialSuffix);
	for (const { path } of await findAbandoned(directory, isOurs))
		await rm(path, { force: true }).catch(() => {});
	const left = (await readdir(directory).catch((): string[] => [])).filter(isOurs);
	return left.map(
		(name) =>
			`${join(directory, name)} is from another restore of this file, which was ended half way or still runs. ` +
			'A later restore of it removes what nobody has written to for five minutes.',
	);
}
