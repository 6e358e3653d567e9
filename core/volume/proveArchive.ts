import { readArtifact } from '../artifact/readArtifact';
import type { SourceFacts } from '../artifact/source';
import { assertHolds, inspectArchive } from './inspectArchive';
import { sniffCompression } from './sniffCompression';

/**
 * Reads a finished archive file again, whatever its compression, and compares what it holds with the census.
 *
 * @throws BackupError `damaged` or `incomplete` when it is not whole or not the same
 */
export async function proveArchive(
	path: string,
	{ census }: SourceFacts,
	signal: AbortSignal,
): Promise<void> {
	const compression = await sniffCompression(path);
	const inspect = async (raw: AsyncIterable<Buffer>): Promise<void> => {
		const summary = await inspectArchive(raw);
		if (census.kind === 'tar') assertHolds(summary, census);
	};
	await readArtifact({ path, compression }, inspect, signal);
}
