import type { TarCensus } from '../artifact/manifest';
import { BackupError } from '../errors';
import type { TarMember } from '../tar/member';
import { TarScanner } from '../tar/tarScanner';

/** What an archive turned out to hold. */
export interface ArchiveSummary {
	/** Members of every type. */
	entries: number;
	/** Sum of the files' sizes. */
	bytes: number;
	files: number;
	directories: number;
	symbolicLinks: number;
	hardLinks: number;
	/** Devices and pipes, which restoring refuses. */
	others: number;
}

/**
 * Looks at a raw tar as it goes past: every header's checksum, every size, the blocks that mark the end, and that
 * nothing is behind them.
 */
export class ArchiveInspector {
	readonly #scanner = new TarScanner();
	readonly #summary: ArchiveSummary = {
		entries: 0,
		bytes: 0,
		files: 0,
		directories: 0,
		symbolicLinks: 0,
		hardLinks: 0,
		others: 0,
	};

	/** @throws BackupError `damaged` where it is no tar */
	take(chunk: Buffer): void {
		for (const event of this.#scanner.scan(chunk)) {
			if (event.kind === 'member') count(this.#summary, event.member);
		}
	}

	/** @throws BackupError `incomplete` where it was cut off */
	finish(): ArchiveSummary {
		this.#scanner.end();
		return this.#summary;
	}
}

/**
 * Reads a raw tar to its end.
 *
 * @throws BackupError `damaged` where it is no tar, `incomplete` where it is cut off
 */
export async function inspectArchive(rawTar: AsyncIterable<Buffer>): Promise<ArchiveSummary> {
	const inspector = new ArchiveInspector();
	for await (const chunk of rawTar) inspector.take(chunk);
	return inspector.finish();
}

/** @throws BackupError `damaged` when an archive does not hold what the census says that was put into it */
export function assertHolds({ entries, bytes }: ArchiveSummary, census: TarCensus): void {
	if (entries === census.entries && bytes === census.bytes) return;
	throw new BackupError(
		'damaged',
		`The archive holds ${entries} members with ${bytes} bytes where ${census.entries} with ${census.bytes} were written`,
		{ advice: 'Run it again, and check the memory and the disks of this machine' },
	);
}

function count(summary: ArchiveSummary, { type, size }: TarMember): void {
	summary.entries++;
	summary.bytes += size;
	if (type === 'file') summary.files++;
	else if (type === 'directory') summary.directories++;
	else if (type === 'symbolic-link') summary.symbolicLinks++;
	else if (type === 'hard-link') summary.hardLinks++;
	else summary.others++;
}
