import { lstat, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type CatalogEntry, type CatalogOptions, manifestPath, readCatalog } from '../artifact';
import { syncDirectory } from '../artifact/durable';
import { BackupError, cancelledError, fileError } from '../errors';
import { type PlanOptions, planRetention, type Verdict } from './plan';

export interface PruneRequest extends CatalogOptions, PlanOptions {
	/** Decide and report, delete nothing. */
	dryRun: boolean;
}

/** A verdict that was carried out, or would have been. */
export interface PruneResult extends Verdict {
	/** True only when the file is really gone. */
	deleted: boolean;
}

/**
 * Deletes what the policy no longer keeps. The catalog is read afresh, so that only what is there now is judged.
 * Each deletion is one artifact and its manifest; a failure ends the prune, and what was not deleted stays.
 *
 * @throws BackupError for a policy that makes no sense, a directory that cannot be read, a file that cannot go
 */
export async function prune(request: PruneRequest, signal: AbortSignal): Promise<PruneResult[]> {
	const verdicts = planRetention(await readCatalog(request), request);
	const results: PruneResult[] = [];
	for (const verdict of verdicts) {
		if (signal.aborted) throw cancelledError(signal.reason);
		const deleted = verdict.action === 'delete' && !request.dryRun;
		if (deleted) await deleteArtifact(verdict.entry);
		results.push({ ...verdict, deleted });
	}
	return results;
}

/** The artifact goes first: a manifest without artifact is harmless, the reverse would never be pruned. */
async function deleteArtifact({ path, storedBytes }: CatalogEntry): Promise<void> {
	try {
		const found = await lstat(path);
		if (!found.isFile() || found.size !== storedBytes) throw changedMeanwhile(path);
		await rm(path);
		await rm(manifestPath(path), { force: true });
		await syncDirectory(dirname(path));
	} catch (error) {
		throw fileError(error, path);
	}
}

function changedMeanwhile(path: string): BackupError {
	return new BackupError('damaged', `${path} changed while old backups were being pruned`, {
		advice: 'See what else writes into the backup directory, then run it again; the file was left alone',
	});
}
