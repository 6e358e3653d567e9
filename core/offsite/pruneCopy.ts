import { join } from 'node:path';
import { type CatalogEntry, componentDirectory, manifestName } from '../artifact';
import { BackupError } from '../errors';
import { recordPruned, recordSeen } from './copies';
import { type Destination, remoteName } from './destination';

/**
 * Deletes a copy at a destination: the artifact first, so that a manifest which is left says that something is gone,
 * and nothing there looks like a backup that was never proven.
 *
 * @param root the backup directory whose manifests say that it was pruned; undefined where there is none
 * @returns `locked` where the place keeps it: then it is as it was
 * @throws BackupError when it cannot go, or is no longer what was judged
 */
export async function deleteCopy(
	{ destination, entry, root }: { destination: Destination; entry: CatalogEntry; root?: string },
	signal: AbortSignal,
): Promise<'deleted' | 'locked'> {
	const name = remoteName(entry.component, entry.name);
	const local = root === undefined ? undefined : join(componentDirectory(root, entry.component), entry.name);
	const present = await destination.head(name, signal);
	if (present?.bytes !== entry.storedBytes) throw changedMeanwhile(entry.path);
	// First, so that no copy run in between brings it back.
	if (local !== undefined) await recordPruned(local, destination.place);
	if ((await destination.delete(name, signal)) === 'locked') {
		if (local !== undefined) await recordSeen(local, destination.place);
		return 'locked';
	}
	await destination.delete(manifestName(name), signal);
	return 'deleted';
}

function changedMeanwhile(path: string): BackupError {
	return new BackupError('damaged', `${path} changed while old copies were being pruned`, {
		advice: 'See what else writes there, then run it again; the file was left alone',
	});
}
