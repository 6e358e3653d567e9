import type { TarMember } from './tar/member';
import { TarScanner } from './tar/tarScanner';

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

export interface InspectOptions {
	/** Called for each member; what it throws ends the inspection. */
	onMember?: (member: TarMember) => void;
	signal?: AbortSignal;
}

/**
 * Reads a raw tar to its end: every header's checksum, every size, the blocks that mark the end, and nothing
 * behind them.
 *
 * @throws BackupError `damaged` where it is no tar, `incomplete` where it is cut off
 */
export async function inspectArchive(
	rawTar: AsyncIterable<Buffer>,
	{ onMember, signal }: InspectOptions = {},
): Promise<ArchiveSummary> {
	const scanner = new TarScanner();
	const summary: ArchiveSummary = {
		entries: 0,
		bytes: 0,
		files: 0,
		directories: 0,
		symbolicLinks: 0,
		hardLinks: 0,
		others: 0,
	};
	for await (const chunk of rawTar) {
		signal?.throwIfAborted();
		for (const event of scanner.scan(chunk)) {
			if (event.kind !== 'member') continue;
			onMember?.(event.member);
			count(summary, event.member);
		}
	}
	scanner.end();
	return summary;
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
