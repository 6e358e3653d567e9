import { realpath, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { sweepDirectories } from '../files/claimedDirectory';
import { newScratchName, scratchPrefixes } from '../files/scratchNames';
import type { OpenSource, SourceFacts } from '../artifact/source';
import { BackupError, cancelledError, fileError } from '../errors';
import { packageVersion } from '../version';
import { compileExclusion } from './pack/exclusion';
import { PackStream } from './pack/packStream';
import type { PackReport } from './pack/packTree';
import { addressOf, isWithin, placeOf } from './pack/place';
import { archiveReadBack } from './readBackArchive';

export interface ArchiveDirectoryOptions {
	/** What to archive. Its own name is not in the archive, only what is below it. */
	directory: string;
	/** Patterns with the meaning of `.gitignore` lines: `*.log`, `cache/`, `/binaryData`, `!keep.log`. */
	exclude?: readonly string[];
	/**
	 * Left out when it lies in the tree, by whatever path or link, or every backup would hold the ones before it.
	 */
	backupDirectory?: string;
	/**
	 * Read the file back while it is written. False by default: then the tar is checked before it is compressed, which
	 * says nothing of compression and file.
	 */
	readBack?: boolean;
	/** Whether to say in the facts if n8n's encryption key is in the archive. True by default. */
	holdsN8n?: boolean;
}

/**
 * The engine `built-in` of volumes: a directory as a tar.
 *
 * Kept are files, empty directories, symbolic links as links, hard links as links, permissions, numeric owners
 * and times (in whole seconds, as GNU tar does). Sockets, devices and pipes are skipped and counted. SQLite
 * databases are captured consistently even while they are written to. Extended attributes and access lists are
 * not kept, sparse files become whole ones.
 *
 * @throws BackupError (from opening it or from `finished`) when it is no directory, a pattern is wrong, or
 * anything in the tree cannot be read
 */
export function archiveDirectory(options: ArchiveDirectoryOptions): OpenSource {
	return async (signal) => {
		if (signal.aborted) throw cancelledError(signal.reason);
		const directory = await existingDirectory(options.directory);
		assertNotWithin(directory, options.backupDirectory);
		compileExclusion(options.exclude ?? []);
		await sweepScratch(options);

		const pack = {
			directory,
			exclude: options.exclude ?? [],
			leaveOut: options.backupDirectory === undefined ? [] : [options.backupDirectory],
			scratch: scratchPlaces(options),
		};
		const stream = new PackStream(pack, { isReadBack: options.readBack === true });
		const cancel = () => void stream.destroy(cancelledError(signal.reason));
		signal.addEventListener('abort', cancel, { once: true });
		const wholeStream = finished(stream, { writable: false })
			.then(() => toFacts(options, stream.report))
			.finally(() => signal.removeEventListener('abort', cancel));
		wholeStream.catch(() => {});
		return { stream, finished: wholeStream, readBack: options.readBack ? archiveReadBack : undefined };
	};
}

/** The backup directory's own file system serves where the usual one can not be written to or is full. */
function scratchPlaces(options: ArchiveDirectoryOptions): string[] {
	const name = newScratchName('databases');
	return placesFor(options).map((place) => join(place, name));
}

/** Removes copies that a crash has left. */
async function sweepScratch(options: ArchiveDirectoryOptions): Promise<void> {
	for (const place of placesFor(options)) {
		await sweepDirectories(place, (name) => name.startsWith(scratchPrefixes.databases));
	}
}

/** With space for a copy of the largest database: the system's own, which TMPDIR names, before the backup directory. */
function placesFor({ backupDirectory }: ArchiveDirectoryOptions): string[] {
	return backupDirectory === undefined ? [tmpdir()] : [tmpdir(), backupDirectory];
}

function toFacts({ directory, holdsN8n = true }: ArchiveDirectoryOptions, report?: PackReport): SourceFacts {
	if (!report)
		throw new BackupError('incomplete', `The archive of ${directory} ended early`, {
			advice: 'Run it again',
		});
	return {
		source: { path: directory },
		engine: { name: 'built-in', version: packageVersion },
		census: report.census,
		warnings: report.warnings,
		encryptionKey: holdsN8n ? (report.encryptionKeySeen ? 'found' : 'missing') : undefined,
	};
}

async function existingDirectory(path: string): Promise<string> {
	try {
		const real = await realpath(path);
		if ((await stat(real)).isDirectory()) return real;
	} catch (error) {
		throw fileError(error, path);
	}
	throw new BackupError('bad-parameter', `${path} is not a directory`, {
		advice: 'Choose a directory to archive; for a single file there is Copy File',
	});
}

/** Left out whole, the archive would be empty. */
function assertNotWithin(directory: string, backupDirectory?: string): void {
	if (backupDirectory === undefined) return;
	const backups = placeOf(backupDirectory);
	if (!backups || !isWithin(addressOf(directory), backups.address)) return;
	throw new BackupError(
		'bad-parameter',
		`${directory} lies in the backup directory ${backupDirectory}, which is left out of every archive`,
		{ advice: 'Archive another directory, or keep the backups elsewhere' },
	);
}
