import fc from 'fast-check';
import type { CatalogEntry, CatalogState, Component, Manifest } from '../../core/artifact/index.ts';
import type { PlanOptions } from '../../core/retention/index.ts';
import { dayIn } from './model.ts';

/** The one that these are made with: of two copies of its types neither takes the other's. */
export { fc };

/** Catalogs and rules of every kind, for fast-check. */

const now = new Date('2026-11-23T10:00:00Z');
const zones = [
	'utc',
	'America/New_York',
	'Africa/Cairo',
	'America/Havana',
	'Pacific/Kiritimati',
	'Asia/Kathmandu',
];
const hours = 60 * 60 * 1000;

/** From a year and a half ago to two days from now, dense where the rules of days are. */
const age = fc.oneof(
	{ weight: 3, arbitrary: fc.integer({ min: -48, max: 24 * 12 }) },
	{ weight: 2, arbitrary: fc.integer({ min: 0, max: 24 * 550 }) },
);

interface Made {
	hoursAgo: number;
	minute: number;
	component: Component;
	prefix: string;
	instanceId: string | undefined;
	state: CatalogState;
	storedBytes: number;
	namedIn: string;
}

const made: fc.Arbitrary<Made> = fc.record({
	hoursAgo: age,
	minute: fc.integer({ min: 0, max: 59 }),
	component: fc.constantFrom<Component>('postgres', 'env'),
	prefix: fc.constantFrom('n8n', 'crm'),
	instanceId: fc.constantFrom(undefined, 'a'.repeat(64), 'b'.repeat(64)),
	state: fc.constantFrom<CatalogState>(
		...(['good', 'good', 'good', 'unproven', 'unreadable', 'contradicted', 'missing', 'shrunk'] as const),
	),
	storedBytes: fc.integer({ min: 0, max: 1000 }),
	namedIn: fc.constantFrom(...zones),
});

/** Artifacts of all states, no two of the same moment. */
export const catalogs = fc
	.uniqueArray(made, { maxLength: 40, selector: ({ hoursAgo, minute }) => hoursAgo * 60 + minute })
	.map((all) => all.map(entryOf));

function entryOf({ hoursAgo, minute, namedIn, instanceId, ...more }: Made): CatalogEntry {
	const at = new Date(now.getTime() - hoursAgo * hours - minute * 60_000);
	const time = at.toISOString().slice(11, 19).replaceAll(':', '');
	const name = `${more.prefix}_${dayIn(namedIn, at).replaceAll('-', '')}_${time}.sql.gz`;
	// A manifest that is not there, or cannot be read, names no n8n.
	const isRead = more.state !== 'unproven' && more.state !== 'unreadable';
	const manifest = isRead ? ({ instanceId } as Manifest) : undefined;
	return { ...more, name, path: `/backups/${more.component}/${name}`, at, manifest };
}

const count = fc.oneof(
	{ weight: 2, arbitrary: fc.constant(0) },
	{ weight: 1, arbitrary: fc.integer({ min: 1, max: 8 }) },
);
export const policies = fc
	.record({
		keepDays: count,
		keepLast: count,
		keepDaily: count,
		keepWeekly: count,
		keepMonthly: count,
		keepYearly: count,
	})
	.filter((policy) => Object.values(policy).some((value) => value > 0));

export const optionsWithoutCap: fc.Arbitrary<PlanOptions> = fc.record({
	now: fc.constant(now),
	timeZone: fc.constantFrom(...zones),
	policy: policies,
	includeUnproven: fc.boolean(),
	failedComponents: fc.constantFrom<Component[]>([], [], ['env']),
	instanceId: fc.constantFrom(undefined, 'a'.repeat(64)),
});

export const caps = fc.integer({ min: 1, max: 5000 });
