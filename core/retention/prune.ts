import { type CatalogEntry, type CatalogOptions, readCatalog, readEntry } from '../artifact';
import { removeBackup } from '../artifact/removeBackup';
import { BackupError, fileError } from '../errors';
import { type PlanOptions, planRetention, type Verdict } from './plan';

/** A verdict that was carried out, or in a dry run would have been. */
export interface PruneResult extends Verdict {
	/** True only when the file is really gone. */
	deleted: boolean;
}

/**
 * Reads the catalog and decides what becomes of each artifact; nothing is touched.
 *
 * @throws BackupError for a policy that makes no sense or a directory that cannot be read
 */
export async function planPrune(options: CatalogOptions & PlanOptions): Promise<Verdict[]> {
	return planRetention(await readCatalog(options), options);
}

/**
 * Does what a verdict says: deletes the artifact and its manifest, or leaves both.
 *
 * @throws BackupError when the file cannot go, or is no longer the one that was judged
 */
export async function carryOut(verdict: Verdict, { dryRun }: { dryRun: boolean }): Promise<PruneResult> {
	const deleted = verdict.action === 'delete' && !dryRun;
	if (deleted) await deleteArtifact(verdict.entry);
	return { ...verdict, deleted };
}

async function deleteArtifact({ component, path, storedBytes, state }: CatalogEntry): Promise<void> {
	try {
		const present = await readEntry({ timeZone: 'utc' }, component, path);
		if (present?.state !== state || present.storedBytes !== storedBytes) throw changedMeanwhile(path);
		await removeBackup(path);
	} catch (error) {
		throw fileError(error, path);
	}
}

function changedMeanwhile(path: string): BackupError {
	return new BackupError('damaged', `${path} changed while old backups were being pruned`, {
		advice: 'See what else writes into the backup directory, then run it again; the file was left alone',
	});
}
