import type { CatalogEntry, CatalogState, Component } from '../../../core/artifact';
import { planRetention, type PlanOptions } from '../../../core/retention';

const options: PlanOptions = {
	now: new Date('2026-11-23T10:00Z'),
	timeZone: 'utc',
	policy: { keepDays: 0, keepLast: 1, keepDaily: 0, keepWeekly: 0, keepMonthly: 0, keepYearly: 0 },
	includeUnproven: false,
	failedComponents: [],
};

function entry(
	stamp: string,
	more: { component?: Component; prefix?: string; state?: CatalogState; bytes?: number; at?: string } = {},
): CatalogEntry {
	const { component = 'postgres', prefix = 'n8n', state = 'good', bytes = 100 } = more;
	const [day = '', time = ''] = stamp.split('_');
	const iso = `${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}T${time.slice(0, 2)}:${time.slice(2, 4)}:00Z`;
	const name = `${prefix}_${stamp}.sql.gz`;
	return {
		component,
		prefix,
		name,
		path: `/backups/${component}/${name}`,
		at: new Date(more.at ?? iso),
		storedBytes: bytes,
		state,
	};
}

const deleted = (entries: CatalogEntry[], more: Partial<PlanOptions> = {}) =>
	planRetention(entries, { ...options, ...more })
		.filter(({ action }) => action === 'delete')
		.map(({ entry: { name } }) => name);

const reasonsOf = (entries: CatalogEntry[], name: string, more: Partial<PlanOptions> = {}) =>
	planRetention(entries, { ...options, ...more }).find(({ entry: e }) => e.name === name)?.reasons;

describe('the plan of a prune', () => {
	it('lets go what no rule keeps, and says so', () => {
		const entries = [entry('20261110_020000'), entry('20261109_020000')];
		expect(deleted(entries)).toEqual(['n8n_20261109_020000.sql.gz']);
		expect(reasonsOf(entries, 'n8n_20261109_020000.sql.gz')).toEqual(['no rule keeps it']);
	});

	it('never deletes a backup of today, however many there are', () => {
		const today = ['20261123_090000', '20261123_050000', '20261123_000000'].map((stamp) => entry(stamp));
		expect(deleted([...today, entry('20261122_235959')])).toEqual(['n8n_20261122_235959.sql.gz']);
	});

	it('takes today from the workflow’s time zone', () => {
		const entries = [entry('20261123_090000'), entry('20261123_043000'), entry('20261123_053000')];
		// At 10:00 UTC it is 5 o'clock in New York, where the day began at 05:00 UTC.
		expect(deleted(entries, { timeZone: 'America/New_York', now: new Date('2026-11-23T10:00Z') })).toEqual(
			[],
		);
		const renamed = entries.map((e) => ({ ...e, name: e.name.replace('20261123', '20261122') }));
		expect(deleted(renamed, { timeZone: 'America/New_York' })).toEqual(['n8n_20261122_043000.sql.gz']);
	});

	it('counts what a name says of today too, should the zone have changed since', () => {
		const misnamed = entry('20261123_003000', { at: '2026-11-22T22:30:00Z' });
		expect(reasonsOf([entry('20261123_090000'), misnamed], misnamed.name)).toEqual(['of today']);
	});

	it('takes the same one of a moment for the newest, in whatever order they are listed', () => {
		const at = '2026-11-10T02:00:00Z';
		const entries = ['20261110_020000', '20261110_020001'].map((stamp) => entry(stamp, { at }));
		for (const listed of [entries, entries.toReversed()]) {
			expect(deleted(listed)).toEqual(['n8n_20261110_020000.sql.gz']);
		}
	});

	it('never deletes the newest good backup, even when something newer takes its place', () => {
		const entries = [
			entry('20261120_020000', { state: 'unproven' }),
			entry('20261110_020000'),
			entry('20261109_020000'),
		];
		expect(deleted(entries, { includeUnproven: true })).toEqual(['n8n_20261109_020000.sql.gz']);
		expect(reasonsOf(entries, 'n8n_20261110_020000.sql.gz', { includeUnproven: true })).toEqual([
			'newest good backup',
		]);
	});

	it('lets a damaged backup go rather than the good ones before it', () => {
		const entries = [
			entry('20261120_020000', { state: 'contradicted' }),
			entry('20261110_020000'),
			entry('20261109_020000'),
		];
		expect(deleted(entries, { policy: { ...options.policy, keepLast: 2 } })).toEqual([
			'n8n_20261120_020000.sql.gz',
		]);
	});

	it('judges each component and each prefix by itself', () => {
		const entries = [
			entry('20261101_020000', { prefix: 'n8n' }),
			entry('20261110_020000', { prefix: 'crm' }),
			entry('20261109_020000', { prefix: 'crm' }),
			entry('20261102_020000', { component: 'redis', prefix: 'dump' }),
		];
		expect(deleted(entries)).toEqual(['crm_20261109_020000.sql.gz']);
	});

	it('deletes nothing of a component whose backup failed, and goes on with the others', () => {
		const entries = (['postgres', 'redis'] as const).flatMap((component) => [
			entry('20261110_020000', { component, prefix: component }),
			entry('20261109_020000', { component, prefix: component }),
		]);
		expect(deleted(entries, { failedComponents: ['postgres'] })).toEqual(['redis_20261109_020000.sql.gz']);
		expect(reasonsOf(entries, 'postgres_20261109_020000.sql.gz', { failedComponents: ['postgres'] })).toEqual(
			['the backup of postgres failed in this run'],
		);
	});

	it('leaves files without a manifest alone unless asked for them', () => {
		const entries = [entry('20261110_020000'), entry('20261109_020000', { state: 'unproven' })];
		expect(deleted(entries)).toEqual([]);
		expect(deleted(entries, { includeUnproven: true })).toEqual(['n8n_20261109_020000.sql.gz']);
	});

	it('keeps the newest file without manifest when nothing is proven good', () => {
		const entries = ['20261110_020000', '20261109_020000'].map((stamp) =>
			entry(stamp, { state: 'unproven' }),
		);
		expect(deleted(entries, { includeUnproven: true })).toEqual(['n8n_20261109_020000.sql.gz']);
		expect(reasonsOf(entries, 'n8n_20261110_020000.sql.gz', { includeUnproven: true })).toEqual([
			'newest backup, as none is good',
			'last backup',
		]);
	});

	it('keeps the newest of any state when none is good', () => {
		const entries = ['20261110_020000', '20261109_020000', '20261108_020000'].map((stamp) =>
			entry(stamp, { state: 'contradicted' }),
		);
		expect(deleted(entries)).toEqual(['n8n_20261109_020000.sql.gz', 'n8n_20261108_020000.sql.gz']);
		expect(reasonsOf(entries, 'n8n_20261110_020000.sql.gz')).toEqual(['newest backup, as none is good']);
	});

	it('never deletes what cannot be judged, and says why; nor does it take a place', () => {
		const entries = [
			{ ...entry('20261112_020000', { state: 'unreadable' }), problem: 'It cannot be read.' },
			entry('20261111_020000', { state: 'unreadable' }),
			entry('20261110_020000'),
			entry('20261109_020000', { state: 'unreadable' }),
		];
		expect(deleted(entries, { maxBytesPerComponent: 1 })).toEqual([]);
		expect(reasonsOf(entries, entries[0]!.name)).toEqual(['It cannot be read.']);
		expect(reasonsOf(entries, 'n8n_20261110_020000.sql.gz')).toEqual(['newest good backup', 'last backup']);
	});

	it('keeps two n8n that share a directory apart: the newer one’s backups let none of the other’s go', () => {
		const of = (instanceId: string) => ({ manifest: { instanceId } as CatalogEntry['manifest'] });
		const only = { ...entry('20261001_020000'), ...of('a') };
		const others = ['20261110_020000', '20261109_020000'].map((stamp) => ({ ...entry(stamp), ...of('b') }));
		expect(deleted([...others, only])).toEqual(['n8n_20261109_020000.sql.gz']);
		expect(deleted([...others, only], { maxBytesPerComponent: 1 })).toEqual(['n8n_20261109_020000.sql.gz']);
	});

	it('leaves what is of another n8n alone when one n8n prunes, and names it', () => {
		const of = (instanceId: string) => ({ manifest: { instanceId } as CatalogEntry['manifest'] });
		const others = ['20261110_020000', '20261109_020000'].map((stamp) => ({
			...entry(stamp),
			...of('b0b1b2b3b4b5b6b7'),
		}));
		expect(deleted(others, { instanceId: 'a' })).toEqual([]);
		expect(reasonsOf(others, 'n8n_20261109_020000.sql.gz', { instanceId: 'a' })).toEqual([
			'of another n8n, instance b0b1b2b3b4b5',
		]);
	});

	it('leaves a manifest whose artifact is gone', () => {
		expect(deleted([entry('20261110_020000'), entry('20260101_020000', { state: 'missing' })])).toEqual([]);
	});

	describe('with a size cap', () => {
		const keepAll = { policy: { ...options.policy, keepLast: 100 } };
		const three = ['20261112_020000', '20261111_020000', '20261110_020000'].map((stamp) => entry(stamp));

		it('does not take what is dated in the future', () => {
			const future = entry('20310110_020000');
			expect(deleted([future, ...three], { ...keepAll, maxBytesPerComponent: 1 })).toEqual([
				'n8n_20261111_020000.sql.gz',
				'n8n_20261110_020000.sql.gz',
			]);
			expect(reasonsOf([future, ...three], future.name)).toEqual(['dated in the future']);
		});

		it('lets the oldest go until the component fits', () => {
			expect(deleted(three, { ...keepAll, maxBytesPerComponent: 250 })).toEqual([
				'n8n_20261110_020000.sql.gz',
			]);
			expect(
				reasonsOf(three, 'n8n_20261110_020000.sql.gz', { ...keepAll, maxBytesPerComponent: 250 }),
			).toEqual(['over the size cap']);
		});

		it('never takes what is protected, even when that alone is over the cap', () => {
			const entries = [entry('20261123_020000'), ...three];
			expect(deleted(entries, { ...keepAll, maxBytesPerComponent: 1 })).toEqual(
				three.map(({ name }) => name),
			);
		});

		it('counts the component as a whole and each component for itself', () => {
			const other = entry('20261101_020000', { prefix: 'crm' });
			const newerOther = entry('20261102_020000', { prefix: 'crm' });
			const redis = entry('20260101_020000', { component: 'redis', prefix: 'dump' });
			expect(
				deleted([...three, newerOther, other, redis], { ...keepAll, maxBytesPerComponent: 400 }),
			).toEqual([other.name]);
		});

		it.each([0, -5, Number.NaN])('refuses a cap of %p', (maxBytesPerComponent) => {
			expect(() => deleted(three, { maxBytesPerComponent })).toThrow(
				`The size cap is ${maxBytesPerComponent} bytes. Give it a size above 0`,
			);
		});
	});
});
