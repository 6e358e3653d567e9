import {
	acceptBackup,
	acceptedWith,
	type CatalogEntry,
	type CatalogOptions,
	pruneFailedRuns,
	readCatalog,
	readEntry,
} from '../artifact';
import { removeBackup } from '../artifact/removeBackup';
import { BackupError, fileError } from '../errors';
import { type PlanOptions, planRetention, type Verdict } from './plan';

/** A verdict that was carried out, or in a dry run would have been. */
export interface PruneResult extends Verdict {
	/** True only when the file is really gone. */
	deleted: boolean;
}

export interface PruneOptions extends CatalogOptions, PlanOptions {
	/** Names of shrunk backups that are meant to be so; those that are not there are passed over. */
	accepted?: readonly string[];
}

/**
 * Writes down which shrunk backups are meant to be so.
 *
 * @returns the names of those that are good by it
 * @throws BackupError for a directory that cannot be read, or a manifest that cannot be written
 */
export async function acceptShrunk(
	options: CatalogOptions & Pick<PruneOptions, 'accepted'>,
): Promise<string[]> {
	const accepted = acceptedWith(await readCatalog(options), options.accepted ?? []);
	for (const { path } of accepted) await acceptBackup(path);
	return accepted.map(({ name }) => name);
}

/**
 * Reads the catalog and decides what becomes of each artifact, as if those that are accepted were so already; nothing
 * is touched.
 *
 * @throws BackupError for a policy that makes no sense or a directory that cannot be read
 */
export async function planPrune(options: PruneOptions): Promise<Verdict[]> {
	const entries = await readCatalog(options);
	const accepted = new Set(acceptedWith(entries, options.accepted ?? []));
	const judged = entries.map((entry) =>
		accepted.has(entry) ? { ...entry, state: 'good' as const, problem: undefined } : entry,
	);
	return planRetention(judged, options);
}

/** Days for which every failed run stays on record. */
const recordDays = 30;

/**
 * Forgets failed runs from before the oldest backup that stays, though not those of the last month.
 *
 * @throws BackupError when the records cannot be listed
 */
export async function forgetFailedRuns(root: string, verdicts: readonly Verdict[], now: Date): Promise<void> {
	const staying = verdicts.filter(({ action }) => action === 'keep').map(({ entry }) => entry.at.getTime());
	const month = now.getTime() - recordDays * 24 * 3_600_000;
	await pruneFailedRuns(root, new Date(Math.min(month, ...staying)));
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
		const failure = fileError(error, path);
		// It was there when it was judged: another run prunes the same directory.
		throw failure.code === 'not-found' ? changedMeanwhile(path) : failure;
	}
}

function changedMeanwhile(path: string): BackupError {
	return new BackupError('damaged', `${path} changed while old backups were being pruned`, {
		advice: 'See what else writes into the backup directory, then run it again; the file was left alone',
	});
}
