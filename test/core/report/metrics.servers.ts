import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { buildReport, formatMetrics } from '../../../core/report';
import { temporaryDirectory } from '../../support/temporaryDirectory';
import { writeBackup } from '../../support/writeBackup';

const directory = temporaryDirectory();

interface Family {
	name: string;
	type: string;
	help: string;
	samples: Array<[name: string, labels: Record<string, string>, value: number]>;
}

/** Prometheus' own client for Python, which reads the format. */
const parser = `
import json, sys
from prometheus_client.parser import text_string_to_metric_families
families = text_string_to_metric_families(open(sys.argv[1]).read())
print(json.dumps([
    {'name': f.name, 'type': f.type, 'help': f.documentation, 'samples': [[s.name, s.labels, s.value] for s in f.samples]}
    for f in families
]))`;

async function parse(text: string): Promise<Family[]> {
	const file = directory.path('metrics.prom');
	await writeFile(file, text);
	const { stdout } = await promisify(execFile)('/usr/bin/python3', ['-c', parser, file]);
	return JSON.parse(stdout) as Family[];
}

const metrics = async () =>
	formatMetrics(
		await buildReport({
			root: directory.path(),
			timeZone: 'utc',
			now: new Date('2026-01-10T08:00:00Z'),
			everyHours: 24,
			policy: { keepDays: 7, keepLast: 3, keepDaily: 0, keepWeekly: 0, keepMonthly: 0, keepYearly: 0 },
		}),
	);

it('Prometheus’ own parser reads every metric, whatever is in a name', async () => {
	const odd = 'a "quoted" name';
	const instanceId = 'of\ntwo lines, with a back\\slash';
	await writeBackup(directory.path(), { stamp: '20260110_020000', component: 'postgres', prefix: 'n8n' });
	await writeBackup(directory.path(), {
		...{ stamp: '20260101_020000', component: 'redis', prefix: odd },
		manifest: { instanceId },
	});
	const families = await parse(await metrics());
	const values = (name: string) => {
		const { samples } = families.find((family) => family.name === name)!;
		return samples.map(([, labels, value]) => ({ ...labels, value }));
	};
	expect(values('n8n_backup_last_good_timestamp_seconds')).toEqual([
		{
			...{ component: 'postgres', prefix: 'n8n', instance: 'unknown' },
			value: Date.parse('2026-01-10T02:00:00Z') / 1000,
		},
		{
			...{ component: 'redis', prefix: odd, instance: instanceId },
			value: Date.parse('2026-01-01T02:00:00Z') / 1000,
		},
	]);
	expect(values('n8n_backup_health').filter(({ value }) => value === 1)).toEqual([
		expect.objectContaining({ component: 'postgres', health: 'good' }),
		expect.objectContaining({ component: 'redis', health: 'late' }),
	]);
	for (const { name, type, help, samples } of families) {
		expect([name, type]).toEqual([expect.stringMatching(/^n8n_backup_[a-z_]+$/), 'gauge']);
		expect(help).toMatch(/\.$/);
		expect(samples.length).toBeGreaterThan(0);
		expect(samples.every(([sample, , value]) => sample === name && Number.isFinite(value))).toBe(true);
	}
});

it('Prometheus’ own parser reads those of an empty directory, too', async () => {
	const families = await parse(await metrics());
	expect(families.map(({ name }) => name)).toEqual([
		'n8n_backup_free_bytes',
		'n8n_backup_failed_runs',
		'n8n_backup_report_timestamp_seconds',
	]);
});
