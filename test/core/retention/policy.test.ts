import { applyPolicy, type RetentionPolicy } from '../../../core/retention/policy';

const none: RetentionPolicy = {
	keepDays: 0,
	keepLast: 0,
	keepDaily: 0,
	keepWeekly: 0,
	keepMonthly: 0,
	keepYearly: 0,
};

interface Named {
	name: string;
	at: Date;
	counts: boolean;
}

const backup = (name: string, counts = true): Named => ({ name, at: new Date(`${name}Z`), counts });

/** The names that stay, newest first. */
function kept(
	names: Array<string | Named>,
	policy: Partial<RetentionPolicy>,
	options: { now?: string; timeZone?: string } = {},
) {
	const candidates = names.map((name) => (typeof name === 'string' ? backup(name) : name));
	const moment = {
		now: new Date(`${options.now ?? '2027-01-01T00:00'}Z`),
		timeZone: options.timeZone ?? 'utc',
	};
	return applyPolicy(candidates, { ...none, ...policy }, moment)
		.filter(({ keptBy }) => keptBy.length > 0)
		.map(({ candidate }) => candidate.name);
}

const nightly = Array.from(
	{ length: 20 },
	(_unused, day) => `2026-11-${String(20 - day).padStart(2, '0')}T02:00`,
);

describe('the retention policy', () => {
	const table: Array<[string, string[], Partial<RetentionPolicy>, string[]]> = [
		['keep-last keeps the newest, this many', nightly, { keepLast: 3 }, nightly.slice(0, 3)],
		[
			'keep-days keeps the newest day and that many days before it',
			nightly,
			{ keepDays: 7 },
			nightly.slice(0, 8),
		],
		['whichever rule keeps, keeps', nightly, { keepLast: 10, keepDays: 2 }, nightly.slice(0, 10)],
		[
			'keep-daily takes the newest of each day',
			['2026-11-02T18:00', '2026-11-02T02:00', '2026-11-01T18:00', '2026-11-01T02:00', '2026-10-31T02:00'],
			{ keepDaily: 2 },
			['2026-11-02T18:00', '2026-11-01T18:00'],
		],
		[
			'keep-daily counts days that have a backup, not days of the calendar',
			['2026-11-20T02:00', '2026-11-10T02:00', '2026-11-01T02:00', '2026-10-01T02:00'],
			{ keepDaily: 3 },
			['2026-11-20T02:00', '2026-11-10T02:00', '2026-11-01T02:00'],
		],
		[
			'keep-weekly takes the newest of each ISO week, across the turn of the year',
			['2027-01-03T02:00', '2026-12-31T02:00', '2026-12-27T02:00', '2026-12-21T02:00', '2026-12-20T02:00'],
			{ keepWeekly: 2 },
			['2027-01-03T02:00', '2026-12-27T02:00'],
		],
		[
			'keep-monthly takes the newest of each month',
			['2026-11-20T02:00', '2026-11-01T02:00', '2026-10-31T02:00', '2026-09-30T02:00', '2026-08-31T02:00'],
			{ keepMonthly: 3 },
			['2026-11-20T02:00', '2026-10-31T02:00', '2026-09-30T02:00'],
		],
		[
			'the oldest stays while a bucket still has places, as in restic',
			['2026-11-20T02:00', '2026-11-10T02:00', '2026-11-01T02:00'],
			{ keepYearly: 5 },
			['2026-11-20T02:00', '2026-11-01T02:00'],
		],
		[
			'the oldest does not stay when the bucket is full',
			['2026-11-20T02:00', '2026-11-10T02:00', '2026-11-01T02:00'],
			{ keepYearly: 1 },
			['2026-11-20T02:00'],
		],
	];

	it.each(table)('%s', (_name, backups, policy, expected) => {
		expect(kept(backups, policy, { now: '2027-02-01T00:00' })).toEqual(expected);
	});

	it('gives the same answer whatever order the backups come in', () => {
		expect(kept([...nightly].reverse(), { keepDays: 7 })).toEqual(nightly.slice(0, 8));
	});

	it('does not age backups away when they have stopped: days count back from the newest', () => {
		expect(kept(nightly, { keepDays: 7 }, { now: '2030-01-01T00:00' })).toEqual(nightly.slice(0, 8));
	});

	it('keeps a backup dated in the future, and lets it neither age the others nor take a place', () => {
		const future = '2031-06-01T02:00';
		expect(kept([future, ...nightly], { keepLast: 2 })).toEqual([future, ...nightly.slice(0, 2)]);
		expect(kept([future, ...nightly], { keepDays: 1 })).toEqual([future, ...nightly.slice(0, 2)]);
	});

	it('gives no place to a damaged backup that a good one could have', () => {
		const damaged = backup('2026-11-21T02:00', false);
		expect(kept([damaged, ...nightly], { keepLast: 2 })).toEqual(nightly.slice(0, 2));
	});

	it('keeps what is seven days old to the second, whatever the night’s delay was', () => {
		const names = ['2026-11-20T02:00:01', '2026-11-13T02:00:00', '2026-11-12T23:59:59'];
		expect(kept(names, { keepDays: 7 })).toEqual(names.slice(0, 2));
	});

	it('begins days where the workflow’s time zone begins them', () => {
		const evening = ['2026-11-02T03:30', '2026-11-01T23:00'];
		expect(kept(evening, { keepDaily: 2 }, { timeZone: 'utc' })).toEqual(evening);
		// In New York both are of the first of November; the second only stays as the oldest.
		expect(
			kept([...evening, '2026-10-01T12:00'], { keepDaily: 2 }, { timeZone: 'America/New_York' }),
		).toEqual(['2026-11-02T03:30', '2026-10-01T12:00']);
	});

	it('counts the day on which a clock is set back as one day', () => {
		const names = ['2026-11-01T06:30', '2026-11-01T05:30', '2026-10-31T06:30'];
		expect(kept(names, { keepDaily: 2 }, { timeZone: 'America/New_York' })).toEqual([names[0], names[2]]);
	});

	it.each([
		['Africa/Cairo', '2026-04-23T22:30'],
		['America/Santiago', '2026-09-06T04:30'],
		['Asia/Beirut', '2026-03-28T22:30'],
		['America/Havana', '2026-03-08T05:30'],
	])('keeps seven days and today in %s, on a day that has no midnight', (timeZone, newest) => {
		const names = Array.from({ length: 11 }, (_, days) =>
			new Date(Date.parse(`${newest}Z`) - days * 86_400_000).toISOString().slice(0, 16),
		);
		expect(kept(names, { keepDays: 7 }, { timeZone })).toEqual(names.slice(0, 8));
	});

	it('keeps both hours after midnight of a day that has two of them', () => {
		// In Havana it was 00:30 at 04:30 and again at 05:30; the nights before began at 04:30.
		const nights = ['2026-11-08T05:30', '2026-11-01T05:30', '2026-11-01T04:30', '2026-10-31T04:30'];
		expect(kept(nights, { keepDays: 7 }, { timeZone: 'America/Havana' })).toEqual(nights.slice(0, 3));
	});

	it('says by which rules each backup stays', () => {
		const policy = { ...none, keepDays: 1, keepLast: 1, keepWeekly: 3 };
		const moment = { now: new Date('2027-01-01'), timeZone: 'utc' };
		const reasons = applyPolicy(
			nightly.slice(0, 3).map((name) => backup(name)),
			policy,
			moment,
		);
		expect(reasons.map(({ keptBy }) => keptBy)).toEqual([
			['within 1 days of the newest', 'last backup', 'weekly backup'],
			['within 1 days of the newest'],
			['oldest weekly backup'],
		]);
	});

	it('answers an empty list with an empty list', () => {
		expect(kept([], { keepLast: 1 })).toEqual([]);
	});

	it.each([
		[{ keepLast: -1 }, 'The retention rule keepLast is -1. Give it a whole number'],
		[{ keepDays: 1.5 }, 'The retention rule keepDays is 1.5. Give it a whole number'],
		[{ keepDays: Number.NaN }, 'The retention rule keepDays is NaN. Give it a whole number'],
		[{}, 'Every retention rule is 0, which would keep nothing. Set at least one of them'],
	])('refuses %j', (policy, message) => {
		expect(() => kept(nightly, policy)).toThrow(message);
	});
});
