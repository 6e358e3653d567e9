import { buildReport, formatMetrics, formatPage } from '../../../core/report';
import { temporaryDirectory } from '../../support/temporaryDirectory';
import { writeBackup } from '../../support/writeBackup';

const directory = temporaryDirectory();
const policy = { keepDays: 7, keepLast: 3, keepDaily: 0, keepWeekly: 0, keepMonthly: 0, keepYearly: 0 };
const report = async () =>
	await buildReport({
		root: directory.path(),
		timeZone: 'Europe/Berlin',
		now: new Date('2026-01-10T08:00:00Z'),
		everyHours: 24,
		policy,
	});

describe('the page', () => {
	it('says in its title how things are', async () => {
		expect(formatPage(await report())).toContain('<title>There are no backups</title>');
		await writeBackup(directory.path(), { stamp: '20260110_020000' });
		expect(formatPage(await report())).toContain('<title>The backup is good</title>');
		await writeBackup(directory.path(), { stamp: '20260101_020000', component: 'redis' });
		expect(formatPage(await report())).toContain('<title>1 of 2 backups needs a look</title>');
	});

	it('shows names as the text that they are', async () => {
		await writeBackup(directory.path(), {
			stamp: '20260110_020000',
			prefix: '<img src=x onerror=alert(1)>&"',
		});
		const page = formatPage(await report());
		expect(page).not.toContain('<img');
		expect(page).toContain('&#60;img src=x onerror=alert(1)&#62;&#38;&#34;');
	});

	it('fetches nothing and runs nothing', async () => {
		await writeBackup(directory.path(), { stamp: '20260110_020000' });
		const page = formatPage(await report());
		expect(page).not.toMatch(/<script|<link|src=|href=|url\(|@import|\son\w+=/);
	});

	it('shows where copies are, and when each was last seen', async () => {
		const at = '2026-01-10T02:30:00.000Z';
		const copies = [
			{ place: 's3://bucket/n8n', at, lastSeenAt: at },
			{ place: '/mnt/nas', at, lastSeenAt: '2026-01-10T03:30:00.000Z' },
			{ place: 'sftp://pruned', at, lastSeenAt: at, prunedAt: at },
		];
		await writeBackup(directory.path(), { stamp: '20260110_020000', manifest: { copies } });
		const page = formatPage(await report());
		expect(page).toContain('s3://bucket/n8n, seen 2026-01-10 03:30:00; /mnt/nas, seen 2026-01-10 04:30:00');
		expect(page).not.toContain('sftp://pruned');
	});

	it('shows dates in the zone that it is asked for', async () => {
		await writeBackup(directory.path(), { stamp: '20260110_020000' });
		expect(formatPage(await report())).toContain('2026-01-10 03:00:00, 6 hours ago');
	});
});

describe('the metrics', () => {
	it('have one line a figure, with the series as labels', async () => {
		await writeBackup(directory.path(), {
			stamp: '20260110_020000',
			prefix: 'a"b',
			manifest: { instanceId: 'abc', finishedAt: '2026-01-10T02:00:09.500Z' },
		});
		const lines = formatMetrics(await report()).split('\n');
		const labels = '{component="postgres",prefix="a\\"b",instance="abc"}';
		expect(lines).toContain(`n8n_backup_last_good_timestamp_seconds${labels} 1768010400`);
		expect(lines).toContain(`n8n_backup_last_good_duration_seconds${labels} 9.5`);
		expect(lines).toContain('n8n_backup_failed_runs 0');
	});
});
