import { mkdir, writeFile } from 'node:fs/promises';
import { type CheckRecord, manifestPath } from '../../../core/artifact';
import { failedRun, recordFailedRun } from '../../../core/artifact/failedRuns';
import { BackupError } from '../../../core/errors';
import { buildReport, isAllGood } from '../../../core/report';
import { temporaryDirectory } from '../../support/temporaryDirectory';
import { writeBackup } from '../../support/writeBackup';

const directory = temporaryDirectory();
const instanceId = 'instance-of-the-test';
const policy = { keepDays: 7, keepLast: 3, keepDaily: 0, keepWeekly: 0, keepMonthly: 0, keepYearly: 0 };

/** Backups of these days of January 2026, at 2 AM. */
async function nights(
	days: number[],
	backup: Partial<Parameters<typeof writeBackup>[1]> = {},
): Promise<string[]> {
	const paths: string[] = [];
	for (const day of days) {
		const stamp = `202601${String(day).padStart(2, '0')}_020000`;
		paths.push(
			await writeBackup(directory.path(), { stamp, ...backup, manifest: { instanceId, ...backup.manifest } }),
		);
	}
	return paths;
}

const reportAt = async (now: string, everyHours = 24) =>
	await buildReport({ root: directory.path(), timeZone: 'utc', now: new Date(now), everyHours, policy });

const onTime = '2026-01-10T08:00:00Z';

it('a series whose newest run made a good backup in time is good', async () => {
	await nights([8, 9, 10]);
	const report = await reportAt(onTime);
	expect(report.series).toMatchObject([
		{ component: 'postgres', prefix: 'n8n', instanceId, health: 'good', problems: [] },
	]);
	expect(report.series[0]!.newestGood?.name).toBe('n8n_20260110_020000.sql.gz');
	expect(report.series[0]!.history.map(({ at }) => at.getUTCDate())).toEqual([8, 9, 10]);
	expect(isAllGood(report)).toBe(true);
});

it('no backup at all is not good', async () => {
	expect(isAllGood(await reportAt(onTime))).toBe(false);
});

it.each([
	['2026-01-11T08:00:00Z', 24, 'good'],
	['2026-01-11T08:01:00Z', 24, 'late'],
	['2026-01-11T08:01:00Z', 168, 'good'],
	['2026-01-10T04:30:01Z', 2, 'late'],
] as const)('at %s, one every %i hours, a backup of January 10 at 2 AM is %s', async (now, every, health) => {
	await nights([10]);
	expect((await reportAt(now, every)).series[0]!.health).toBe(health);
});

it('a late series says how old its newest good backup is', async () => {
	await nights([10]);
	expect((await reportAt('2026-01-13T03:30:00Z')).series[0]!.problems).toEqual([
		'The newest good backup is 73 hours old; one is expected every 24.',
	]);
});

it('a run that failed after the newest backup makes its own series failed, with both sentences', async () => {
	await nights([9, 10]);
	await nights([9, 10], { component: 'redis', prefix: 'dump' });
	const error = new BackupError('unreachable', 'db:5432 does not answer', { advice: 'Start it' });
	const about = { component: 'postgres', prefix: 'n8n', instanceId } as const;
	await recordFailedRun(directory.path(), failedRun(about, error, new Date('2026-01-10T07:00:00Z')));
	const report = await reportAt(onTime);
	expect(report.series).toMatchObject([
		{ component: 'postgres', health: 'failed', problems: ['db:5432 does not answer.', 'Start it.'] },
		{ component: 'redis', health: 'good' },
	]);
	expect(report.failedRuns).toMatchObject([{ code: 'unreachable', at: '2026-01-10T07:00:00.000Z' }]);
});

it('a run that failed before the newest backup, or of another n8n, is on record and no fault of the series', async () => {
	await nights([9, 10]);
	const about = { component: 'postgres', prefix: 'n8n' } as const;
	const early = failedRun({ ...about, instanceId }, new Error('early'), new Date('2026-01-09T07:00:00Z'));
	const others = failedRun(
		{ ...about, instanceId: 'another' },
		new Error('other'),
		new Date('2026-01-10T07:00:00Z'),
	);
	for (const run of [early, others]) await recordFailedRun(directory.path(), run);
	const report = await reportAt(onTime);
	expect(report.series[0]!.health).toBe('good');
	expect(report.failedRuns.map(({ what }) => what)).toEqual(['other', 'early']);
});

it('a newest backup that is shrunk, contradicted, or cannot be judged is none that is good', async () => {
	const lost = ['workflow_entity had 12 rows and has 0.'];
	await nights([9]);
	await nights([10], { manifest: { shrunk: { before: 'n8n_20260109_020000.sql.gz', lost } } });
	await nights([9, 10], { component: 'redis', prefix: 'dump', manifest: { storedBytes: 1 } });
	const [, unreadable] = await nights([9, 10], { component: 'n8n', prefix: 'data' });
	await writeFile(manifestPath(unreadable!), '');
	const { series } = await reportAt(onTime);
	expect(series.map(({ component, health }) => `${component} ${health}`)).toEqual([
		'postgres shrunk',
		'redis failed',
		'n8n unknown',
		'n8n good',
	]);
	expect(series[0]!.newestGood?.name).toBe('n8n_20260109_020000.sql.gz');
	expect(series[0]!.problems[0]).toContain(lost[0]!);
});

it('a drill that the newest backup did not pass makes the series failed; an older one does not', async () => {
	const drill: CheckRecord = {
		at: '2026-01-10T03:00:00Z',
		result: 'failed',
		findings: ['rows: failed. 3 are missing.'],
	};
	await nights([9], { manifest: { drill } });
	await nights([10]);
	const older = (await reportAt(onTime)).series[0]!;
	expect([older.health, older.drilled?.name]).toEqual(['good', 'n8n_20260109_020000.sql.gz']);
	await nights([11], { manifest: { drill } });
	expect((await reportAt('2026-01-11T08:00:00Z')).series[0]).toMatchObject({
		health: 'failed',
		problems: ['n8n_20260111_020000.sql.gz did not come through its drill.', 'rows: failed. 3 are missing.'],
	});
});

it('what a restore replaced, and what is dated in the future, is nobody’s newest', async () => {
	await nights([10]);
	await nights([9], { prefix: 'before-restore-n8n' });
	await nights([20]);
	const { series } = await reportAt(onTime);
	expect(series.map(({ newest }) => newest.name)).toEqual(['n8n_20260110_020000.sql.gz']);
});

it('says what the next prune deletes, what is free, and where the key is', async () => {
	await nights([1, 2, 8, 9, 10]);
	await nights([10], { component: 'env', prefix: 'env', manifest: { encryptionKey: 'found' } });
	await nights([10], { component: 'n8n', prefix: 'data', manifest: { encryptionKey: 'missing' } });
	const { leaving, space, key, series } = await reportAt(onTime);
	expect(leaving.map(({ entry }) => entry.name)).toEqual([
		'n8n_20260102_020000.sql.gz',
		'n8n_20260101_020000.sql.gz',
	]);
	expect(space!.freeBytes).toBeGreaterThan(0);
	expect(space!.nightBytes).toBe(series.reduce((sum, { newestGood }) => sum + newestGood!.storedBytes, 0));
	expect(key).toEqual({
		foundIn: ['env_20260110_020000.sql.gz'],
		missingIn: ['data_20260110_020000.sql.gz'],
	});
});

it('passes over a record that is none', async () => {
	await nights([10]);
	await mkdir(directory.path('failed-runs'));
	await writeFile(directory.path('failed-runs', 'x.json'), '{"component":"__proto__"}');
	expect((await reportAt(onTime)).failedRuns).toEqual([]);
});
