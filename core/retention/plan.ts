import { DateTime } from 'luxon';
import {
	type CatalogEntry,
	type Component,
	describeInstance,
	isPast,
	newestFirst,
	newestOf,
	newestShrunk,
	seriesKey,
} from '../artifact';
import { BackupError } from '../errors';
import {
	applyPolicy,
	assertPolicy,
	datedInTheFuture,
	type PolicyMoment,
	type RetentionPolicy,
} from './policy';

export interface PlanOptions extends PolicyMoment {
	policy: RetentionPolicy;
	/** Also consider files that have our name but no manifest. */
	includeUnproven: boolean;
	/** Components of which nothing may go, because their backup failed in this run. */
	failedComponents: readonly Component[];
	/** Most bytes that one n8n's artifacts of a component may take together; undefined for no cap. */
	maxBytesPerComponent?: number;
	/** The n8n that prunes: what is of another one is left alone. Undefined: each one's backups by themselves. */
	instanceId?: string;
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
 * Decides what a prune would delete, without touching anything; each component, prefix and n8n is a series of its own.
 * Whatever the policy says, these stay: a whole series that has lost its data, what cannot be judged, backups of today, the newest good one of each series
 * and the newest of any kind where none is good, what is dated in the future, everything of a component whose backup
 * failed, and what may not be ours.
 *
 * @throws BackupError `bad-parameter` for a policy or a cap that makes no sense
 */
export function planRetention(entries: readonly CatalogEntry[], options: PlanOptions): Verdict[] {
	assertPolicy(options.policy);
	assertCap(options.maxBytesPerComponent);
	const plans = [...groupBy(entries, seriesKey).values()].map((series) => planSeries(series, options));
	const judged = plans.flatMap((plan) => plan.judged);
	for (const verdicts of groupBy(judged, capKey).values()) applyCap(verdicts, options.maxBytesPerComponent);
	return plans.flatMap((plan) => [...plan.judged, ...plan.leftAlone]);
}

interface SeriesPlan {
	judged: Verdict[];
	/** They count for nobody: not in a rule, not in the cap. */
	leftAlone: Verdict[];
}

function planSeries(series: readonly CatalogEntry[], options: PlanOptions): SeriesPlan {
	const judged = series.filter((entry) => whyLeftAlone(entry, options) === undefined);
	const spared = sparedFromAll(judged, options.now);
	const loss = unexplainedLoss(judged, options.now);
	const candidates = judged.map((entry) => ({
		entry,
		name: entry.name,
		at: entry.at,
		counts: entry.state !== 'contradicted' && entry.state !== 'shrunk',
	}));
	const decisions = applyPolicy(candidates, options.policy, options);
	return {
		judged: decisions.map(({ candidate: { entry }, keptBy }): Verdict => {
			const protectedBy = [...protections(entry, spared, options), ...loss];
			const reasons = [...new Set([...protectedBy, ...keptBy])];
			return reasons.length > 0
				? { entry, action: 'keep', reasons, isProtected: protectedBy.length > 0 }
				: { entry, action: 'delete', reasons: ['no rule keeps it'], isProtected: false };
		}),
		leftAlone: series.flatMap((entry): Verdict[] => {
			const reason = whyLeftAlone(entry, options);
			return reason === undefined ? [] : [{ entry, action: 'keep', reasons: [reason], isProtected: true }];
		}),
	};
}

/** Why no rule may judge an artifact; undefined where they may. */
function whyLeftAlone(
	{ state, problem, manifest }: CatalogEntry,
	{ includeUnproven, instanceId }: PlanOptions,
): string | undefined {
	const owner = manifest?.instanceId;
	if (instanceId !== undefined && owner !== undefined && owner !== instanceId) {
		return `of another n8n, ${describeInstance(owner)}`;
	}
	switch (state) {
		case 'good':
		case 'contradicted':
		case 'shrunk':
			return undefined;
		case 'unproven':
			return includeUnproven ? undefined : (problem ?? 'not proven to be ours');
		case 'unreadable':
		case 'missing':
			return problem ?? 'nobody can know what it is';
	}
}

/**
 * The newest artifact that is good. Where none is, the newest of all, and the newest that is not known to be bad:
 * they may be all that there is.
 */
function sparedFromAll(judged: readonly CatalogEntry[], now: Date): Map<CatalogEntry, string> {
	const past = judged.filter((entry) => isPast(entry, now));
	const good = newestOf(past.filter(({ state }) => state === 'good'));
	if (good) return new Map([[good, 'newest good backup']]);
	const best = [past, past.filter(({ state }) => state !== 'contradicted' && state !== 'shrunk')].map(
		newestOf,
	);
	return new Map(best.flatMap((entry) => (entry ? [[entry, 'newest backup, as none is good']] : [])));
}

/**
 * Why nothing of a series may go: since its newest good backup one was made that holds far less. As long as nobody says
 * that this is meant, the older ones may hold what was lost.
 */
function unexplainedLoss(judged: readonly CatalogEntry[], now: Date): string[] {
	const good = newestOf(judged.filter((entry) => entry.state === 'good' && isPast(entry, now)));
	const shrunk = newestShrunk(judged, good);
	return shrunk ? [`${shrunk.name} holds far less than before, and is not accepted`] : [];
}

function protections(entry: CatalogEntry, spared: Map<CatalogEntry, string>, options: PlanOptions): string[] {
	const reasons: string[] = [];
	if (!isPast(entry, options.now)) reasons.push(datedInTheFuture);
	if (isOfToday(entry, options)) reasons.push('of today');
	const worth = spared.get(entry);
	if (worth !== undefined) reasons.push(worth);
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

/** A cap is for one n8n's backups: two that share a directory must not push each other out. */
function capKey({ entry }: Verdict): string {
	return JSON.stringify([entry.component, entry.manifest?.instanceId ?? null]);
}

/** Lets the oldest of the unprotected artifacts go until the rest fits. */
function applyCap(verdicts: Verdict[], maxBytes: number | undefined): void {
	if (maxBytes === undefined) return;
	const kept = verdicts.filter(({ action }) => action === 'keep');
	let bytes = kept.reduce((sum, { entry }) => sum + entry.storedBytes, 0);
	const oldestFirst = kept
		.filter(({ isProtected }) => !isProtected)
		.sort((a, b) => newestFirst(b.entry, a.entry));
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
