import { readArtifact } from '../artifact/readArtifact';
import type { SourceFacts } from '../artifact/source';
import { BackupError } from '../errors';
import { type ArchiveSummary, inspectArchive } from './inspectArchive';
import { sniffCompression } from './sniffCompression';

/**
 * Reads a finished archive file again, whatever its compression, and compares what it holds with the census.
 *
 * @throws BackupError `damaged` or `incomplete` when it is not whole or not the same
 */
export async function proveArchive(path: string, facts: SourceFacts, signal: AbortSignal): Promise<void> {
	const compression = await sniffCompression(path);
	let found: ArchiveSummary | undefined;
	const inspect = async (raw: AsyncIterable<Buffer>) => {
		found = await inspectArchive(raw);
	};
	await readArtifact({ path, compression }, inspect, signal);
	const { census } = facts;
	if (census.kind === 'tar' && found?.entries === census.entries && found.bytes === census.bytes) return;
	const expected = census.kind === 'tar' ? `${census.entries} members with ${census.bytes} bytes` : 'no tar';
	throw new BackupError(
		'damaged',
		`The archive holds ${found?.entries} members with ${found?.bytes} bytes where ${expected} were written`,
		{ advice: 'Run it again, and check the disk that the backups are on' },
	);
}
