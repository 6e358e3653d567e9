import type { SourceFacts } from '../artifact/source';
import { BackupError } from '../errors';
import { inspectArchive } from './inspectArchive';
import { readArchive } from './readArchive';

/**
 * Reads a finished archive file again, whatever its compression, and compares what it holds with the census.
 *
 * @throws BackupError `damaged` or `incomplete` when it is not whole or not the same
 */
export async function proveArchive(path: string, facts: SourceFacts, signal: AbortSignal): Promise<void> {
	const { census } = facts;
	const found = await readArchive({ path, signal }, (raw) => inspectArchive(raw, { signal }));
	if (census.kind === 'tar' && found.entries === census.entries && found.bytes === census.bytes) return;
	const expected = census.kind === 'tar' ? `${census.entries} members with ${census.bytes} bytes` : 'no tar';
	throw new BackupError(
		'damaged',
		`The archive holds ${found.entries} members with ${found.bytes} bytes where ${expected} were written`,
		{ advice: 'Run it again, and check the disk that the backups are on' },
	);
}
