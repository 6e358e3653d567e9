import { deleteCopy, type Destination, readRemoteCatalog, type RemoteCatalogOptions } from '../offsite';
import { type PlanOptions, planRetention, type Verdict } from './plan';
import type { PruneResult } from './prune';

/** What a place that keeps its files says; it may be meant, and is no error. */
export interface CopyPruneResult extends PruneResult {
	/** The place keeps it: Object Lock, or a key that may not delete. */
	locked: boolean;
}

/**
 * Reads the catalog of a destination and decides what becomes of each copy, by the same rules and protections as in
 * the backup directory; nothing is touched. What has no manifest was not copied by us, and stays.
 *
 * @throws BackupError for a policy that makes no sense, or what the destination throws
 */
export async function planPruneAt(
	options: RemoteCatalogOptions & Omit<PlanOptions, 'includeUnproven'>,
	signal: AbortSignal,
): Promise<Verdict[]> {
	return planRetention(await readRemoteCatalog(options, signal), { ...options, includeUnproven: false });
}

/**
 * Does what a verdict on a copy says.
 *
 * @param place `root` is the backup directory whose manifests say that a copy was pruned; undefined where there is none
 * @throws BackupError when it cannot go, or is no longer what was judged
 */
export async function carryOutAt(
	verdict: Verdict,
	{ destination, root, dryRun }: { destination: Destination; root?: string; dryRun: boolean },
	signal: AbortSignal,
): Promise<CopyPruneResult> {
	if (verdict.action === 'keep' || dryRun) return { ...verdict, deleted: false, locked: false };
	const ended = await deleteCopy({ destination, entry: verdict.entry, root }, signal);
	return { ...verdict, deleted: ended === 'deleted', locked: ended === 'locked' };
}
