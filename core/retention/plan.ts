import { DateTime } from 'luxon';
import type { CatalogEntry, Component } from '../artifact';
import { BackupError } from '../errors';
import { applyPolicy, type PolicyMoment, type RetentionPolicy } from './policy';

export interface PlanOptions extends PolicyMoment {
	policy: RetentionPolicy;
	/** Also consider files that have our name but no manifest. */
	includeUnproven: boolean;
	/** Components of which nothing may go, because their backup failed in this run. */
	failedComponents: readonly Component[];
	/** Most bytes that a component's artifacts may take together; undefined for no cap. */
	maxBytesPerComponent?: number;
}

/** What becomes of one artifact, and by which rules. */
export interface Verdict {
	entry: CatalogEntry;
	action: 'keep' | 'delete';
	/** Kept: every rule that keeps it. Deleted: the rule that lets it go. */
	reasons: string[];
	/** Kept for safety's sake: no rule and no cap can delete it. */
	isProtected: boolean;
}

/**
 * Decides what a prune would delete, without touching anything; each component and prefix is a series of its own.
 * Whatever the policy says, these stay: backups of today, the newest good one of each series, everything of a
 * component whose backup failed, and what is not proven to be ours.
 *
 * @throws BackupError `bad-parameter` for a policy or a cap that makes no sense
 */
export function planRetention(entries: readonly CatalogEntry[], options: PlanOptions): Verdict[] {
	assertCap(options.maxBytesPerComponent);
	const verdicts = [
		...groupBy(entries, ({ component, prefix }) => `${component}/${prefix}`).values(),
	].flatMap((series) => planSeries(series, options));
	for (const component of groupBy(verdicts, ({ entry }) => entry.component).values()) {
		applyCap(component, options.maxBytesPerComponent);
	}
	return verdicts;
}

function planSeries(series: readonly CatalogEntry[], options: PlanOptions): Verdict[] {
	const ours = series.filter(
		({ state }) => state === 'good' || state === 'contradicted' || isIncluded(state, options),
	);
	const newestGood = findNewestGood(ours, options.now);
	const candidates = ours.map((entry) => ({ entry, at: entry.at, counts: entry.state !== 'contradicted' }));
	const verdicts = applyPolicy(candidates, options.policy, options).map(
		({ candidate: { entry }, keptBy }): Verdict => {
			const protectedBy = protections(entry, newestGood, options);
			const reasons = [...protectedBy, ...keptBy];
			return reasons.length > 0
				? { entry, action: 'keep', reasons, isProtected: protectedBy.length > 0 }
				: { entry, action: 'delete', reasons: ['no rule keeps it'], isProtected: false };
		},
	);
	const foreign = series.filter((entry) => !ours.includes(entry));
	return [...verdicts, ...foreign.map(leaveAlone)];
}

function isIncluded(state: CatalogEntry['state'], { includeUnproven }: PlanOptions): boolean {
	return state === 'unproven' && includeUnproven;
}

/** The newest artifact that is good; where nothing is proven good, the newest that is not known to be bad. */
function findNewestGood(entries: readonly CatalogEntry[], now: Date): CatalogEntry | undefined {
	const newestFirst = entries.filter(({ at }) => at <= now).sort((a, b) => b.at.getTime() - a.at.getTime());
	return newestFirst.find(({ state }) => state === 'good') ?? newestFirst[0];
}

function protections(
	entry: CatalogEntry,
	newestGood: CatalogEntry | undefined,
	options: PlanOptions,
): string[] {
	const reasons: string[] = [];
	if (isOfToday(entry, options)) reasons.push('of today');
	if (entry === newestGood) reasons.push('newest good backup');
	if (options.failedComponents.includes(entry.component)) {
		reasons.push(`the backup of ${entry.component} failed in this run`);
	}
	return reasons;
}

/** By the instant it began and by the date in its name, which may have been written in another zone. */
function isOfToday({ at, name, prefix }: CatalogEntry, { now, timeZone }: PolicyMoment): boolean {
	const today = DateTime.fromJSDate(now, { zone: timeZone }).toFormat('yyyyMMdd');
	const began = DateTime.fromJSDate(at, { zone: timeZone }).toFormat('yyyyMMdd');
	return began === today || name.startsWith(`${prefix}_${today}_`);
}

function leaveAlone(entry: CatalogEntry): Verdict {
	return { entry, action: 'keep', reasons: [entry.problem ?? 'not proven to be ours'], isProtected: true };
}

/** Lets the oldest of a component's unprotected artifacts go until the rest fits. */
function applyCap(verdicts: Verdict[], maxBytes: number | undefined): void {
	if (maxBytes === undefined) return;
	const kept = verdicts.filter(({ action }) => action === 'keep');
	let bytes = kept.reduce((sum, { entry }) => sum + entry.storedBytes, 0);
	const oldestFirst = kept
		.filter(({ isProtected }) => !isProtected)
		.sort((a, b) => a.entry.at.getTime() - b.entry.at.getTime());
	for (const verdict of oldestFirst) {
		if (bytes <= maxBytes) return;
		bytes -= verdict.entry.storedBytes;
		verdict.action = 'delete';
		verdict.reasons = ['over the size cap'];
	}
}

function assertCap(maxBytes: number | undefined): void {
	if (maxBytes === undefined || (Number.isFinite(maxBytes) && maxBytes > 0)) return;
	throw new BackupError('bad-parameter', `The size cap is ${maxBytes} bytes`, {
		advice: 'Give it a size above 0, or leave it out for no cap; nothing was deleted',
	});
}

function groupBy<T>(values: readonly T[], keyOf: (value: T) => string): Map<string, T[]> {
	const groups = new Map<string, T[]>();
	for (const value of values) {
		const group = groups.get(keyOf(value));
		if (group) group.push(value);
		else groups.set(keyOf(value), [value]);
	}
	return groups;
}
