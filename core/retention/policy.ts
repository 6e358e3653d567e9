import { DateTime } from 'luxon';
import { type Dated, isPast, newestFirst } from '../artifact';
import { BackupError } from '../errors';

/**
 * What to keep. A backup that any rule keeps is kept; 0 switches a rule off. The counts mean what they mean in
 * restic: the newest backup of each of the last N days (weeks, …) that have one.
 */
export interface RetentionPolicy {
	/** Everything of the newest backup's day and of this many days before it. */
	keepDays: number;
	/** The newest N. */
	keepLast: number;
	keepDaily: number;
	keepWeekly: number;
	keepMonthly: number;
	keepYearly: number;
}

/** One backup as the policy sees it. */
export interface Candidate extends Dated {
	/** False for a backup that is contradicted or shrunk: it takes no place that a good one could have. */
	counts: boolean;
}

/** A candidate with the rules that keep it; without any it may go. */
export interface PolicyDecision<T extends Candidate> {
	candidate: T;
	keptBy: string[];
}

export interface PolicyMoment {
	now: Date;
	/** IANA name of the zone in which days, weeks, months and years begin. */
	timeZone: string;
}

/** Why a backup stays that a machine with a wrong clock has made. */
export const datedInTheFuture = 'dated in the future';

const dayFormat = 'yyyy-MM-dd';

interface Bucket {
	left: number;
	/** Candidates of the same key share one place. */
	keyOf: (local: DateTime, index: number) => string;
	reason: string;
	lastKey?: string;
}

/**
 * Decides which of the backups of one series (one component, one prefix) the policy keeps, newest first.
 *
 * The algorithm is restic's (`internal/data/snapshot_policy.go`): days are counted back from the newest backup
 * that is not in the future, so that backups which stopped are not aged away; and the oldest backup stays while
 * a bucket still has places. Backups dated in the future are kept and take no place.
 *
 * @throws BackupError `bad-parameter` as {@link assertPolicy}
 */
export function applyPolicy<T extends Candidate>(
	candidates: readonly T[],
	policy: RetentionPolicy,
	{ now, timeZone }: PolicyMoment,
): Array<PolicyDecision<T>> {
	assertPolicy(policy);
	const sorted = [...candidates].sort(newestFirst);
	const past = sorted.filter((candidate) => isPast(candidate, now));
	const counted = past.filter(({ counts }) => counts);
	const newest = counted[0] ?? past[0];
	const since = newest && firstKeptDay(newest.at, policy.keepDays, timeZone);
	const buckets = createBuckets(policy);

	return sorted.map((candidate) => {
		const { at, counts } = candidate;
		if (!isPast(candidate, now)) return { candidate, keptBy: [datedInTheFuture] };
		const keptBy: string[] = [];
		if (since !== undefined && dayOf(at, timeZone) >= since)
			keptBy.push(`within ${policy.keepDays} days of the newest`);
		if (counts) keptBy.push(...claimPlaces(buckets, candidate, counted, timeZone));
		return { candidate, keptBy };
	});
}

/**
 * Refuses a policy that no one can have meant.
 *
 * @throws BackupError `bad-parameter` when a count is negative or no whole number, or when all are zero
 */
export function assertPolicy(policy: RetentionPolicy): void {
	const counts = Object.entries(policy) as Array<[string, number]>;
	for (const [name, count] of counts) {
		if (Number.isInteger(count) && count >= 0) continue;
		throw new BackupError('bad-parameter', `The retention rule ${name} is ${count}`, {
			advice: 'Give it a whole number: 0 switches the rule off, 1 or more keeps that many',
		});
	}
	if (counts.every(([, count]) => count === 0)) {
		throw new BackupError('bad-parameter', 'Every retention rule is 0, which would keep nothing', {
			advice: 'Set at least one of them, for example keep days to 7; nothing was deleted',
		});
	}
}

/**
 * Whole days of the calendar: a nightly run is never at the same second, what is seven days old must not go by a
 * hair, and some days have no midnight, or two.
 */
function firstKeptDay(newest: Date, days: number, timeZone: string): string | undefined {
	if (days === 0) return undefined;
	const day = DateTime.fromISO(dayOf(newest, timeZone), { zone: 'utc' });
	return day.minus({ days }).toFormat(dayFormat);
}

/** Days compare as their texts do. */
function dayOf(at: Date, timeZone: string): string {
	return DateTime.fromJSDate(at, { zone: timeZone }).toFormat(dayFormat);
}

function createBuckets(policy: RetentionPolicy): Bucket[] {
	return [
		{ left: policy.keepLast, keyOf: (_local, index) => String(index), reason: 'last' },
		{ left: policy.keepDaily, keyOf: (local) => local.toFormat(dayFormat), reason: 'daily' },
		{ left: policy.keepWeekly, keyOf: (local) => local.toFormat("kkkk-'W'WW"), reason: 'weekly' },
		{ left: policy.keepMonthly, keyOf: (local) => local.toFormat('yyyy-MM'), reason: 'monthly' },
		{ left: policy.keepYearly, keyOf: (local) => local.toFormat('yyyy'), reason: 'yearly' },
	];
}

/** Takes a place in every bucket that has one for this candidate, and names those buckets. */
function claimPlaces<T extends Candidate>(
	buckets: Bucket[],
	candidate: T,
	counted: readonly T[],
	timeZone: string,
): string[] {
	const index = counted.indexOf(candidate);
	const isOldest = index === counted.length - 1;
	const local = DateTime.fromJSDate(candidate.at, { zone: timeZone });
	const reasons: string[] = [];
	for (const bucket of buckets) {
		if (bucket.left === 0) continue;
		const key = bucket.keyOf(local, index);
		const isNew = key !== bucket.lastKey;
		if (!isNew && !isOldest) continue;
		bucket.lastKey = key;
		bucket.left -= 1;
		reasons.push(isNew ? `${bucket.reason} backup` : `oldest ${bucket.reason} backup`);
	}
	return reasons;
}
