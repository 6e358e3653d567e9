import { readdir } from 'node:fs/promises';
import { runCommand } from '../support/runCommand';
import { temporaryDirectory } from '../support/temporaryDirectory';
import { writeBackup } from '../support/writeBackup';

const directory = temporaryDirectory();
const rules = ['--keep-days', '0', '--keep-last', '1'];
const prune = async (...args: string[]) => await runCommand(['prune', '-d', directory.path(), ...args]);
const left = async () =>
	(await readdir(directory.path('postgres'))).filter((name) => name.endsWith('.gz')).sort();

describe('n8n-backup prune', () => {
	beforeEach(async () => {
		for (const stamp of ['20250101_020000', '20250102_020000', '20250103_020000']) {
			await writeBackup(directory.path(), { stamp });
		}
	});

	it('deletes what no rule keeps and says of each backup why', async () => {
		const { exitCode, stdout } = await prune(...rules);
		expect(exitCode).toBe(0);
		expect(stdout).toMatch(
			/^kept +postgres\/n8n_20250103_020000\.sql\.gz +\d+ B +newest good backup, last backup$/m,
		);
		expect(stdout).toMatch(/^deleted +postgres\/n8n_20250101_020000\.sql\.gz +\d+ B +no rule keeps it$/m);
		expect(stdout).toMatch(/\nDeleted 2 backups, \d+ B\.\n$/);
		expect(await left()).toEqual(['n8n_20250103_020000.sql.gz']);
	});

	it('deletes nothing in a dry run, and says what it would', async () => {
		const { exitCode, stdout } = await prune(...rules, '--dry-run');
		expect(exitCode).toBe(0);
		expect(stdout).toMatch(/^would go +postgres\/n8n_20250101_020000\.sql\.gz/m);
		expect(stdout).toMatch(/\nWould delete 2 backups, \d+ B\.\n$/);
		expect(await left()).toHaveLength(3);
	});

	it('keeps seven days and the newest three when no rule is given', async () => {
		await prune();
		expect(await left()).toHaveLength(3);
	});

	it('leaves a component alone whose backup failed', async () => {
		await prune(...rules, '--failed', 'postgres');
		expect(await left()).toHaveLength(3);
	});

	it('refuses rules that would keep nothing, as a usage error', async () => {
		const { exitCode, stderr } = await prune('--keep-days', '0', '--keep-last', '0');
		expect(exitCode).toBe(2);
		expect(stderr).toContain('Every retention rule is 0, which would keep nothing.');
		expect(await left()).toHaveLength(3);
	});

	it('gives programs a verdict on every backup', async () => {
		const verdicts = JSON.parse((await prune(...rules, '--json')).stdout) as unknown[];
		expect(verdicts).toEqual([
			expect.objectContaining({ name: 'n8n_20250103_020000.sql.gz', action: 'keep', deleted: false }),
			expect.objectContaining({ name: 'n8n_20250102_020000.sql.gz', action: 'delete', deleted: true }),
			expect.objectContaining({ name: 'n8n_20250101_020000.sql.gz', action: 'delete', deleted: true }),
		]);
	});
});
