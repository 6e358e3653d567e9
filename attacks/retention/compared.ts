import fc from 'fast-check';
import type { CatalogEntry } from '../../core/artifact/index.ts';
import type { PlanOptions } from '../../core/retention/index.ts';
import type { Random } from '../../lab/random.ts';
import { type Attack, assertKept } from '../harness/attack.ts';
import { planRetention } from '../harness/package.ts';
import { catalogs, optionsWithoutCap } from './catalogs.ts';
import { keptByRules, mustStay } from './model.ts';
import { openRepository } from './restic.ts';

/** Catalogs and rules of every kind, and somebody else's word on what stays. */
export const comparedRetention: Attack[] = [
	{
		promise: 'kept',
		fault: 'backups of all states, ages, n8n and time zones, under any rules: compared with a plain model',
		faults: { whole: 100_000, short: 2000 },
		open: async () => ({
			strike: async (random) => compareWithModel(random),
			[Symbol.asyncDispose]: async () => {},
		}),
	},
	{
		promise: 'kept',
		fault: 'backups of any age under any rules of counts: compared with restic',
		faults: { whole: 500, short: 5 },
		open: async (scratch) => {
			const repository = await openRepository(scratch);
			return {
				strike: async (random) => await compareWith(repository, random),
				[Symbol.asyncDispose]: async () => {},
			};
		},
	},
];

const both = fc.tuple(catalogs, optionsWithoutCap);

function compareWithModel(random: Random): boolean {
	const [[entries, options]] = fc.sample(both, { seed: random.bits() | 0, numRuns: 1 }) as [
		[CatalogEntry[], PlanOptions],
	];
	const expected = new Set([...mustStay(entries, options), ...keptByRules(entries, options)]);
	const kept = keptOf(entries, options);
	compare(kept, (entry) => expected.has(entry), entries);
	return entries.length > 0;
}

async function compareWith(
	repository: Awaited<ReturnType<typeof openRepository>>,
	random: Random,
): Promise<boolean> {
	const count = () => (random.below(2) === 0 ? 0 : 1 + random.below(8));
	const counts = {
		keepLast: count(),
		keepDaily: count(),
		keepWeekly: count(),
		keepMonthly: count(),
		keepYearly: count(),
	};
	// restic refuses to have no rule at all.
	if (Object.values(counts).every((one) => one === 0)) counts.keepLast = 1;
	const { entries, kept: expected, now } = await repository.forget(counts, random);
	const options: PlanOptions = {
		policy: { ...counts, keepDays: 0 },
		now,
		timeZone: 'utc',
		includeUnproven: false,
		failedComponents: [],
	};
	const kept = keptOf(entries, options);
	// From 0.16 on restic keeps the oldest while a rule has places left, as is done here; Debian's is older.
	const oldest = entries.reduce((one, other) => (other.at < one.at ? other : one));
	const isExpected = (entry: CatalogEntry) =>
		expected.has(entry.at.getTime()) || (entry === oldest && kept.has(entry));
	compare(kept, isExpected, entries);
	return entries.length > 1;
}

function keptOf(entries: readonly CatalogEntry[], options: PlanOptions): Set<CatalogEntry> {
	const verdicts = planRetention(entries, options);
	return new Set(verdicts.filter(({ action }) => action === 'keep').map(({ entry }) => entry));
}

function compare(
	kept: ReadonlySet<CatalogEntry>,
	isExpected: (entry: CatalogEntry) => boolean,
	entries: readonly CatalogEntry[],
): void {
	const lost = entries.filter((entry) => isExpected(entry) && !kept.has(entry));
	const stray = entries.filter((entry) => !isExpected(entry) && kept.has(entry));
	assertKept(
		lost.length === 0,
		`Deleted, though it is to be kept: ${lost.map(({ name }) => name).join(', ')}`,
	);
	assertKept(stray.length === 0, `Kept, though it is to go: ${stray.map(({ name }) => name).join(', ')}`);
}
