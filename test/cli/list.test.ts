import { writeFile } from 'node:fs/promises';
import { runCommand } from '../support/runCommand';
import { temporaryDirectory } from '../support/temporaryDirectory';
import { writeBackup } from '../support/writeBackup';

const directory = temporaryDirectory();
const list = async (...args: string[]) =>
	await runCommand(['list', '-d', directory.path(), '--time-zone', 'Europe/Berlin', ...args]);

describe('n8n-backup list', () => {
	beforeEach(async () => {
		const census = { kind: 'postgres' as const, tables: { 'public.a': 1000, 'public.b': 234 }, rows: 1234 };
		await writeBackup(directory.path(), { stamp: '20261123_010000', manifest: { census } });
		await writeBackup(directory.path(), { stamp: '20261122_010000', manifest: { storedBytes: 5 } });
	});

	it('shows what each backup holds and its state, newest first, at the time of the zone', async () => {
		const { exitCode, stdout } = await list();
		expect(exitCode).toBe(0);
		const [headings, first, second, , problem] = stdout.split('\n');
		expect(headings).toMatch(/^COMPONENT +NAME +BEGUN +SIZE +HOLDS +STATE$/);
		expect(first).toMatch(
			/^postgres +n8n_20261123_010000\.sql\.gz +2026-11-23 02:00:00 +\d+ B +1,234 rows in 2 tables +good$/,
		);
		expect(second).toMatch(/n8n_20261122_010000\.sql\.gz .* contradicted$/);
		expect(problem).toMatch(/^n8n_20261122_010000\.sql\.gz: It has \d+ bytes where its manifest says 5\.$/);
	});

	it('tells of a backup without a manifest that nobody knows what it holds', async () => {
		await writeFile(directory.path('postgres', 'other_20261101_000000.sql'), '');
		expect((await list()).stdout).toMatch(/other_20261101_000000\.sql .* \? +unproven/);
	});

	it('says when a backup was verified and drilled', async () => {
		const at = '2026-11-23T03:00:00.000Z';
		await writeBackup(directory.path(), {
			stamp: '20261121_010000',
			manifest: {
				verification: { at, result: 'passed', findings: [] },
				drill: { at, result: 'failed', findings: [] },
			},
		});
		expect((await list()).stdout).toContain(
			'good, verified 2026-11-23 04:00:00, not drilled 2026-11-23 04:00:00',
		);
	});

	it('lists one component alone', async () => {
		const { stdout } = await list('--component', 'redis');
		expect(stdout).toBe(`There are no backups in ${directory.path()}.\n`);
	});

	it('gives programs the whole catalog as JSON', async () => {
		const entries = JSON.parse((await list('--json')).stdout) as Array<Record<string, unknown>>;
		expect(entries).toHaveLength(2);
		expect(entries[0]).toMatchObject({
			component: 'postgres',
			path: directory.path('postgres', 'n8n_20261123_010000.sql.gz'),
			at: '2026-11-23T01:00:00.000Z',
			state: 'good',
			manifest: { census: { rows: 1234 } },
		});
	});
});
