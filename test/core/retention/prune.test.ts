import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { manifestPath } from '../../../core/artifact';
import { carryOut, planPrune, type PlanOptions } from '../../../core/retention';
import { temporaryDirectory } from '../../support/temporaryDirectory';
import { writeBackup } from '../../support/writeBackup';

const directory = temporaryDirectory();

const options: PlanOptions = {
	now: new Date('2026-11-23T10:00Z'),
	timeZone: 'utc',
	policy: { keepDays: 0, keepLast: 1, keepDaily: 0, keepWeekly: 0, keepMonthly: 0, keepYearly: 0 },
	includeUnproven: false,
	failedComponents: [],
};

async function prune({ dryRun = false, ...more }: Partial<PlanOptions> & { dryRun?: boolean } = {}) {
	const verdicts = await planPrune({ root: directory.path('backups'), ...options, ...more });
	return await Promise.all(verdicts.map(async (verdict) => await carryOut(verdict, { dryRun })));
}

const namesIn = async (component: string) => (await readdir(directory.path('backups', component))).sort();

describe('pruning a backup directory', () => {
	beforeEach(async () => {
		await mkdir(directory.path('backups'));
		for (const stamp of ['20261120_020000', '20261110_020000', '20261101_020000']) {
			await writeBackup(directory.path('backups'), { stamp });
		}
	});

	it('deletes each artifact with its manifest, and tells of every artifact what became of it', async () => {
		const results = await prune();
		expect(await namesIn('postgres')).toEqual([
			'n8n_20261120_020000.sql.gz',
			'n8n_20261120_020000.sql.gz.manifest.json',
		]);
		expect(results.map(({ entry, action, deleted }) => [entry.name, action, deleted])).toEqual([
			['n8n_20261120_020000.sql.gz', 'keep', false],
			['n8n_20261110_020000.sql.gz', 'delete', true],
			['n8n_20261101_020000.sql.gz', 'delete', true],
		]);
	});

	it('deletes nothing in a dry run and shows what it would delete', async () => {
		const before = await namesIn('postgres');
		const results = await prune({ dryRun: true });
		expect(await namesIn('postgres')).toEqual(before);
		expect(results.filter(({ action }) => action === 'delete')).toHaveLength(2);
		expect(results.every(({ deleted }) => !deleted)).toBe(true);
	});

	it('does not follow a link, neither of a file nor of a component’s directory', async () => {
		await mkdir(directory.path('elsewhere'));
		await writeBackup(directory.path('elsewhere'), { stamp: '20260101_020000' });
		await symlink(directory.path('elsewhere', 'postgres'), directory.path('backups', 'redis'));
		await symlink(
			directory.path('elsewhere', 'postgres', 'n8n_20260101_020000.sql.gz'),
			directory.path('backups', 'postgres', 'n8n_20260102_020000.sql.gz'),
		);
		await prune({ includeUnproven: true });
		expect(await readdir(directory.path('elsewhere', 'postgres'))).toHaveLength(2);
		expect(await namesIn('postgres')).toContain('n8n_20260102_020000.sql.gz');
	});

	it('leaves foreign files and unfinished ones alone', async () => {
		const foreign = [
			'notes.txt',
			'.n8n_20260101_020000.sql.gz.partial',
			'n8n_20260101_020000.sql.gz',
			'n8n_2026.sql',
		];
		for (const name of foreign) await writeFile(directory.path('backups', 'postgres', name), 'x');
		await prune();
		expect(await namesIn('postgres')).toEqual(expect.arrayContaining(foreign));
	});

	it('refuses to delete a file that is not the one it judged', async () => {
		const verdicts = await planPrune({ root: directory.path('backups'), ...options });
		const verdict = verdicts.find(({ action }) => action === 'delete')!;
		await writeFile(verdict.entry.path, 'something else came in between');
		await expect(carryOut(verdict, { dryRun: false })).rejects.toThrow(
			`${verdict.entry.path} changed while old backups were being pruned. See what else writes`,
		);
		expect(await namesIn('postgres')).toContain(verdict.entry.name);
	});

	it('leaves a backup alone that has become unreadable since it was judged', async () => {
		const verdicts = await planPrune({ root: directory.path('backups'), ...options });
		const verdict = verdicts.find(({ action }) => action === 'delete')!;
		await writeFile(manifestPath(verdict.entry.path), '');
		await expect(carryOut(verdict, { dryRun: false })).rejects.toThrow(
			`${verdict.entry.path} changed while old backups were being pruned.`,
		);
		expect(await namesIn('postgres')).toContain(verdict.entry.name);
	});

	it('says which directory is missing', async () => {
		const root = directory.path('gone');
		await expect(planPrune({ root, ...options })).rejects.toThrow(
			`The backup directory ${root} does not exist. Correct the path, or mount it`,
		);
	});

	it('deletes nothing when the policy makes no sense', async () => {
		const before = await namesIn('postgres');
		await expect(prune({ policy: { ...options.policy, keepLast: -3 } })).rejects.toThrow(
			'The retention rule keepLast is -3. Give it a whole number',
		);
		expect(await namesIn(join('postgres'))).toEqual(before);
	});
});
