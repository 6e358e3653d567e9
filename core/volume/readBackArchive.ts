import type { AssertReadBack } from '../artifact/source';
import { assertHolds, inspectArchive } from './inspectArchive';

/** What a source says of itself to have its archive read back by {@link assertReadBack}. */
export const archiveReadBack = __filename;

/**
 * Reads a tar as it came back from its file, and compares what it holds with the census.
 *
 * @throws BackupError `damaged` or `incomplete` when it is not whole or not the same
 */
export const assertReadBack: AssertReadBack = async (raw, facts) => {
	const summary = await inspectArchive(raw);
	const { census } = await facts;
	if (census.kind === 'tar') assertHolds(summary, census);
};
