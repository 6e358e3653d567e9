import type { ProveContent } from '../artifact/source';
import { assertHolds, inspectArchive } from './inspectArchive';

/** What a source says of itself to have its archive proven by {@link prove}. */
export const archiveProver = __filename;

/**
 * Reads a tar as it came back from its file, and compares what it holds with the census.
 *
 * @throws BackupError `damaged` or `incomplete` when it is not whole or not the same
 */
export const prove: ProveContent = async (raw, facts) => {
	const summary = await inspectArchive(raw);
	const { census } = await facts;
	if (census.kind === 'tar') assertHolds(summary, census);
};
