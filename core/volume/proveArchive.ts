import type { SourceFacts } from '../artifact/source';
import { assertHolds, inspectArchive } from './inspectArchive';

/**
 * Reads a tar as it came back from its file, and compares what it holds with the census.
 *
 * @throws BackupError `damaged` or `incomplete` when it is not whole or not the same
 */
export async function proveArchive(raw: AsyncIterable<Buffer>, facts: Promise<SourceFacts>): Promise<void> {
	const summary = await inspectArchive(raw);
	const { census } = await facts;
	if (census.kind === 'tar') assertHolds(summary, census);
}
