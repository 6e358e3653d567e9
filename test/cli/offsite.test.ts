import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { type Manifest, manifestPath } from '../../core/artifact';
import { makeBackups } from '../support/makeBackups';
import { runCommand } from '../support/runCommand';
import { temporaryDirectory } from '../support/temporaryDirectory';
import { writeBackup } from '../support/writeBackup';

const directory = temporaryDirectory();
const here = () => directory.path('backups');
const nas = () => directory.path('nas');
const offsite = async (command: string, ...args: string[]) =>
	await runCommand([command, '-d', here(), '--at', nas(), '--time-zone', 'utc', ...args]);
const manifestOf = async (path: string) => JSON.parse(await readFile(manifestPath(path), 'utf8')) as Manifest;
const old = (root: string) => async (stamp: string) => await writeBackup(root, { stamp });

beforeEach(async () => {
	await mkdir(here(), { mode: 0o700 });
	await mkdir(nas(), { mode: 0o700 });
});

describe('n8n-backup copy', () => {
	it('makes the place hold every good backup with its manifest, byte for byte', async () => {
		const made = await makeBackups(here());
		const { exitCode, stdout } = await offsite('copy', '--read-back');
		expect(exitCode).toBe(0);
		expect(stdout).toContain('Copied 4 backups; 0 were there already.');
		for (const { path } of Object.values(made)) {
			const there = path.replace(here(), nas());
			expect(await readFile(there)).toEqual(await readFile(path));
		}
		expect((await offsite('copy')).stdout).toContain('Copied 0 backups; 4 were there already.');
	});

	it('writes down where copies are, here and not there', async () => {
		const path = await old(here())('20250101_020000');
		await offsite('copy');
		const { copies } = await manifestOf(path);
		expect(copies).toEqual([{ place: nas(), at: expect.any(String), lastSeenAt: expect.any(String) }]);
		expect(await manifestOf(path.replace(here(), nas()))).not.toHaveProperty('copies');
		const { stdout } = await runCommand(['list', '-d', here(), '--time-zone', 'utc']);
		expect(stdout).toContain(`good, at ${nas()} ${copies![0]!.lastSeenAt.slice(0, 10)}`);
	});

	it('copies the newest first, and what is contradicted or without a manifest not at all', async () => {
		for (const stamp of ['20250101_020000', '20250103_020000', '20250102_020000']) await old(here())(stamp);
		await writeBackup(here(), { stamp: '20250104_020000', manifest: { storedBytes: 1 } });
		await rm(manifestPath(await old(here())('20250105_020000')));
		const { stdout } = await offsite('copy');
		expect(stdout.match(/\d{8}_/g)).toEqual(['20250103_', '20250102_', '20250101_']);
		expect((await readdir(directory.path('nas', 'postgres'))).length).toBe(6);
	});

	it('never completes a file that is not what its manifest says', async () => {
		const path = await old(here())('20250101_020000');
		await old(here())('20250102_020000');
		const bytes = await readFile(path);
		bytes[12]! ^= 1;
		await writeFile(path, bytes);
		const { exitCode, stderr, stdout } = await offsite('copy');
		expect(exitCode).toBe(3);
		expect(stderr).toContain(`${path} is not what its manifest says, so it was not copied.`);
		expect(stdout).toContain('Copied 1 backup; 0 were there already, 1 could not be copied.');
		expect(await readdir(directory.path('nas', 'postgres'))).toEqual([
			'n8n_20250102_020000.sql.gz',
			'n8n_20250102_020000.sql.gz.manifest.json',
		]);
	});

	it('overwrites nothing: another file of that name is an error that names it', async () => {
		await old(here())('20250101_020000');
		const theirs = await writeBackup(nas(), { stamp: '20250101_020000', content: 'of somebody else' });
		const before = await readFile(theirs);
		const { exitCode, stderr } = await offsite('copy');
		expect(exitCode).toBe(1);
		expect(stderr).toContain(`${theirs} is there already and is another file than the one here.`);
		expect(await readFile(theirs)).toEqual(before);
	});

	it('completes what a run left without its manifest, when every byte is right', async () => {
		await old(here())('20250101_020000');
		const right = await old(nas())('20250101_020000');
		await rm(manifestPath(right));
		await old(here())('20250102_020000');
		const wrong = await writeBackup(nas(), {
			stamp: '20250102_020000',
			content: 'content of 20250102_02000X',
		});
		await rm(manifestPath(wrong));
		const { exitCode, stderr } = await offsite('copy');
		expect(exitCode).toBe(1);
		expect(existsSync(manifestPath(right))).toBe(true);
		expect(stderr).toContain(`${wrong} is there already and is another file`);
		expect(existsSync(manifestPath(wrong))).toBe(false);
	});

	it('lets two copies at once end well, whoever was first', async () => {
		for (let day = 10; day < 30; day++) await old(here())(`202501${day}_020000`);
		const runs = await Promise.all([offsite('copy'), offsite('copy')]);
		const again = await offsite('copy');
		expect(again.stdout).toContain('Copied 0 backups; 20 were there already.');
		expect(runs.flatMap(({ stderr }) => stderr.split('\n').filter((line) => line.startsWith('✗')))).toEqual(
			[],
		);
	});

	it('refuses the backup directory itself, a place that is not there, and a place with a password', async () => {
		const at = async (place: string) => await runCommand(['copy', '-d', here(), '--at', place]);
		expect((await at(here())).stderr).toContain(`${here()} is the backup directory itself.`);
		expect((await at(directory.path('gone'))).stderr).toContain(`${directory.path('gone')} does not exist.`);
		expect((await at('webdavs://me:topsecret@cloud/')).stderr).not.toContain('topsecret');
		expect(existsSync(directory.path('gone'))).toBe(false);
	});
});

describe('n8n-backup list, verify and fetch --at', () => {
	it('list shows what is there', async () => {
		await old(here())('20250101_020000');
		await offsite('copy');
		expect((await offsite('list')).stdout).toMatch(
			/n8n_20250101_020000\.sql\.gz +2025-01-01 02:00:00 .* good$/m,
		);
	});

	it('verify reads every copy and names the one that is not what its manifest says', async () => {
		await old(here())('20250101_020000');
		await old(here())('20250102_020000');
		await offsite('copy');
		expect(await offsite('verify')).toMatchObject({ exitCode: 0 });
		const there = directory.path('nas', 'postgres', 'n8n_20250102_020000.sql.gz');
		const bytes = await readFile(there);
		bytes[12]! ^= 1;
		await writeFile(there, bytes);
		const { exitCode, stdout } = await offsite('verify');
		expect(exitCode).toBe(3);
		expect(stdout).toContain(`✗ ${there}: failed`);
		expect(stdout).toContain('1 of 2 copies passed.');
	});

	it('verify says that it cannot know of a file without a manifest', async () => {
		await rm(manifestPath(await old(nas())('20250101_020000')));
		const { exitCode, stdout } = await offsite('verify');
		expect(exitCode).toBe(1);
		expect(stdout).toContain('n8n_20250101_020000.sql.gz: unknown');
	});

	it('fetch brings the newest of each kind back into an empty backup directory, which verifies', async () => {
		await makeBackups(here());
		await offsite('copy');
		await rm(here(), { recursive: true });
		await mkdir(here(), { mode: 0o700 });
		const { exitCode, stdout } = await offsite('fetch');
		expect(exitCode).toBe(0);
		expect(stdout.match(/: fetched$/gm)).toHaveLength(4);
		expect((await offsite('fetch')).stdout.match(/: already here$/gm)).toHaveLength(4);
		const verified = await runCommand(['verify', '-d', here(), '--all']);
		expect(verified.stdout).toContain('4 of 4 backups passed.');
	});

	it('fetch keeps nothing of a copy that is not what its manifest says', async () => {
		await old(here())('20250101_020000');
		await offsite('copy');
		await rm(directory.path('backups', 'postgres'), { recursive: true });
		const there = directory.path('nas', 'postgres', 'n8n_20250101_020000.sql.gz');
		const bytes = await readFile(there);
		bytes[12]! ^= 1;
		await writeFile(there, bytes);
		const { exitCode, stderr } = await offsite('fetch');
		expect(exitCode).toBe(3);
		expect(stderr).toContain(`${there} is not what its manifest says.`);
		expect(await readdir(directory.path('backups', 'postgres'))).toEqual([]);
	});
});

describe('n8n-backup prune --at', () => {
	const rules = ['--keep-days', '0', '--keep-last', '1'];

	it('deletes by its own counts, and the next copy does not bring back what it deleted', async () => {
		for (const stamp of ['20250101_020000', '20250102_020000', '20250103_020000']) await old(here())(stamp);
		await offsite('copy');
		const { exitCode, stdout } = await offsite('prune', ...rules);
		expect(exitCode).toBe(0);
		expect(stdout).toMatch(/\nDeleted 2 backups, /);
		const left = ['n8n_20250103_020000.sql.gz', 'n8n_20250103_020000.sql.gz.manifest.json'];
		expect((await readdir(directory.path('nas', 'postgres'))).sort()).toEqual(left);
		expect((await offsite('copy')).stdout).toContain('n8n_20250101_020000.sql.gz: pruned there');
		expect((await readdir(directory.path('nas', 'postgres'))).sort()).toEqual(left);
		expect(await readdir(directory.path('backups', 'postgres'))).toHaveLength(6);
	});

	it('brings everything back after the place was lost, but for what was pruned', async () => {
		await old(here())('20250101_020000');
		await offsite('copy');
		await rm(directory.path('nas', 'postgres'), { recursive: true });
		expect((await offsite('copy')).stdout).toContain('Copied 1 backup;');
	});

	it('leaves alone what has no manifest, and refuses to be told otherwise', async () => {
		for (const stamp of ['20250101_020000', '20250102_020000']) await old(nas())(stamp);
		await rm(directory.path('nas', 'postgres', 'n8n_20250101_020000.sql.gz.manifest.json'));
		await offsite('prune', ...rules);
		expect(await readdir(directory.path('nas', 'postgres'))).toContain('n8n_20250101_020000.sql.gz');
		expect((await offsite('prune', '--include-unproven')).exitCode).toBe(2);
	});

	it('deletes nothing in a dry run', async () => {
		for (const stamp of ['20250101_020000', '20250102_020000']) await old(nas())(stamp);
		expect((await offsite('prune', ...rules, '--dry-run')).stdout).toContain('Would delete 1 backup');
		expect(await readdir(directory.path('nas', 'postgres'))).toHaveLength(4);
	});
});
