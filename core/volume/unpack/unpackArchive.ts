import type { CompressionMethod } from '../../compression/compression';
import { readArtifact } from '../../artifact/readArtifact';
import type { DecryptionKeys } from '../../encryption';
import { fileError } from '../../errors';
import { removeTree } from '../../files/removeTree';
import { type TarEvent, TarScanner } from '../../tar/tarScanner';
import { assertExpected, type ExpectedArchive } from '../expectedArchive';
import { ArchiveBounds } from './archiveBounds';
import { Extractor } from './extractor';
import { MemberGuard } from './memberGuard';
import { assertMergeable, mergeTree } from './mergeTree';

/** Plain values only, and no secret: another thread is started with it. */
export interface UnpackOptions {
	artifactPath: string;
	/** Of the artifact, where it is open already. */
	descriptor?: number;
	compression: CompressionMethod;
	/** An empty directory on the destination's file system, which nobody else writes to. */
	staging: string;
	/** Where everything is moved once it is whole. */
	destination: string;
	/** Whether files get their owners back, which only root can do. */
	keepOwners: boolean;
	/** Whether symbolic links may point out of the archived directory. */
	allowOutsideLinks: boolean;
	/** The most that it may unpack to, in bytes, its headers included. Undefined: no such limit. */
	mostBytes?: number;
	expected?: ExpectedArchive;
}

/** What was extracted. */
export interface UnpackReport {
	entries: number;
	/** Sum of the files' sizes. */
	bytes: number;
}

export interface ExtractReport extends UnpackReport {
	/** What the destination's file system did not take, in sentences for people. */
	warnings: string[];
}

export interface UnpackEvents {
	onBytes: (rawBytes: number) => void;
	/** The archive is whole and safe. When this resolves, it is put in place, and must not be interrupted. */
	beforeCommit: () => Promise<void>;
}

/**
 * Extracts an archive into the staging directory and, when all of it is there and as expected, moves it to the
 * destination. After a failure, removing the staging directory is the caller's.
 *
 * @param options with what an encrypted archive is read with
 * @throws BackupError for an archive that is cut, damaged, another than expected, or holds what must not be
 * extracted; the destination is untouched then
 */
export async function unpackArchive(
	options: UnpackOptions & { keys?: DecryptionKeys },
	events: UnpackEvents,
): Promise<ExtractReport> {
	const { staging, destination, keepOwners } = options;
	using extractor = new Extractor({ root: staging, destination, keepOwners });
	try {
		const report = await extract(options, extractor, events.onBytes);
		const from = Buffer.from(staging);
		const to = Buffer.from(destination);
		assertMergeable(from, to);
		await events.beforeCommit();
		mergeTree(from, to);
		// Before the times are set: it changes those of the directory that it is in.
		await removeTree(staging);
		extractor.finish(destination);
		return { ...report, warnings: extractor.warnings() };
	} catch (error) {
		throw fileError(error, destination);
	}
}

async function extract(
	{
		artifactPath: path,
		descriptor,
		compression,
		keys,
		allowOutsideLinks,
		...options
	}: Parameters<typeof unpackArchive>[0],
	extractor: Extractor,
	onBytes: (rawBytes: number) => void,
): Promise<UnpackReport> {
	const { expected, mostBytes, destination } = options;
	const scanner = new TarScanner();
	const guard = new MemberGuard({ allowOutsideLinks });
	const bounds = new ArchiveBounds({ path, census: expected?.census, mostBytes, destination });
	const report: UnpackReport = { entries: 0, bytes: 0 };

	const take = (event: TarEvent): void => {
		if (event.kind === 'content') extractor.writeContent(event.bytes);
		else if (event.kind === 'member-end') extractor.endFile(event.member);
		else {
			bounds.take(event.member);
			extractor.create(guard.check(event.member));
			report.entries++;
			report.bytes += event.member.size;
		}
	};
	const consume = async (raw: AsyncIterable<Buffer>): Promise<void> => {
		for await (const chunk of raw) for (const event of scanner.scan(chunk)) take(event);
		scanner.end();
		guard.finish();
	};
	// Nothing fires it: cancelling ends the whole thread.
	const never = new AbortController().signal;
	const measures = await readArtifact({ path, descriptor, compression, keys, onBytes }, consume, never);
	assertExpected(path, measures, report, expected);
	return report;
}
