import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { type Artifact, type Component, manifestPath } from '../../core/artifact';
import { makeBackups } from '../support/makeBackups';
import { runCommand } from '../support/runCommand';
import { temporaryDirectory } from '../support/temporaryDirectory';
import { writeBackup } from '../support/writeBackup';

const directory = temporaryDirectory();
let backups: Record<Component, Artifact>;
const restore = async (...args: string[]) =>
	await runCommand(['restore', ...args, '-d', directory.path('backups')]);

beforeEach(async () => {
	await mkdir(directory.path('backups'));
	backups = await makeBackups(directory.path('backups'));
});

describe('n8n-backup restore volume', () => {
	it('brings the newest archive back into a directory that it makes', async () => {
		const { exitCode, stdout } = await restore('volume', 'newest', '--to', directory.path('new'));
		expect(exitCode).toBe(0);
		expect(stdout).toMatch(/^✓ .*\/new is restored: \d entries, 1\.0 kB\.\n$/);
		expect(await readFile(directory.path('new', 'config'), 'utf8')).toBe('{"encryptionKey":"of-the-test"}');
	});

	it('warns where an older n8n is to use the SQLite database in it', async () => {
		const data = directory.path('sqlite');
		await mkdir(data);
		execFileSync('sqlite3', [
			`${data}/database.sqlite`,
			`CREATE TABLE workflow_entity (id); CREATE TABLE credentials_entity (id); CREATE TABLE execution_entity (id);
			CREATE TABLE migrations (id INTEGER PRIMARY KEY, name); INSERT INTO migrations (name) VALUES ('First1');
			CREATE TABLE instance_version_history (id INTEGER PRIMARY KEY, major, minor, patch);
			INSERT INTO instance_version_history (major, minor, patch) VALUES (2, 40, 7)`,
		]);
		const made = await runCommand(['create', 'volume', data, '-d', directory.path('backups'), '--json']);
		const { path } = JSON.parse(made.stdout) as { path: string };
		const restoredFor = async (version: string) =>
			(await restore('volume', path, '--to', directory.path(version), '--n8n-version', version)).stdout;
		expect(await restoredFor('2.30.0')).toContain(
			'! The backup is of n8n 2.40.7, and n8n 2.30.0 is to use it',
		);
		expect(await restoredFor('2.40.7')).not.toContain('!');
	});

	it('does not touch a directory that holds something, unless it is told to', async () => {
		await mkdir(directory.path('full'));
		await writeFile(directory.path('full', 'config'), 'mine');
		const refused = await restore('volume', 'newest', '--to', directory.path('full'));
		expect([refused.exitCode, refused.stderr]).toEqual([
			1,
			`✗ ${directory.path('full')} is not empty: it holds config.\n` +
				'  Choose an empty directory, or allow overwriting; nothing was changed.\n',
		]);
		expect(await readdir(directory.path('full'))).toEqual(['config']);
		const allowed = await restore('volume', 'newest', '--to', directory.path('full'), '--overwrite');
		expect(allowed.exitCode).toBe(0);
		expect(await readFile(directory.path('full', 'config'), 'utf8')).not.toBe('mine');
	});

	it('ends with 3 and makes nothing of an archive that is not what its manifest says', async () => {
		await writeFile(backups.n8n.path, (await readFile(backups.n8n.path)).subarray(0, -20));
		const { exitCode } = await restore('volume', backups.n8n.path, '--to', directory.path('new'));
		expect(exitCode).toBe(3);
		await expect(stat(directory.path('new'))).rejects.toMatchObject({ code: 'ENOENT' });
	});

	it('takes the last full one as newest, and says that a newer one is shrunk', async () => {
		const shrunk = { before: backups.n8n.manifest.artifact, lost: ['user had 1 row and has 0.'] };
		const manifest = { shrunk, startedAt: new Date().toISOString() };
		const path = await writeBackup(directory.path('backups'), {
			stamp: '20261123_020000',
			component: 'n8n',
			manifest,
		});
		const { exitCode, stderr, stdout } = await restore(
			'volume',
			'newest',
			'--to',
			directory.path('new'),
			'--json',
		);
		expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
		expect(JSON.parse(stdout)).toMatchObject({ artifact: backups.n8n.path });
		const told = await restore('volume', 'newest', '--to', directory.path('again'));
		expect(told.stderr).toContain(`! ${shrunk.before} is the last full backup. ${basename(path)} is newer`);
	});

	it('restores an archive whose manifest is unreadable when it is told not to look at that', async () => {
		await writeFile(manifestPath(backups.n8n.path), 'what is this');
		const args = ['volume', backups.n8n.path, '--to', directory.path('new')];
		expect((await restore(...args)).exitCode).toBe(1);
		expect((await restore(...args, '--no-manifest')).exitCode).toBe(0);
	});

	it('refuses a backup of another kind', async () => {
		const name = basename(backups.postgres.path);
		const { exitCode, stderr } = await restore('volume', name, '--to', directory.path('new'));
		expect(exitCode).toBe(2);
		expect(stderr).toContain(`${name} is a backup of postgres, not of n8n.`);
	});
});

describe('n8n-backup restore file', () => {
	it('brings the newest copy back, for its owner alone', async () => {
		const to = directory.path('restored.env');
		const { exitCode, stdout } = await restore('file', 'newest', '--to', to, '--json');
		expect(exitCode).toBe(0);
		const { path: artifact } = backups.env;
		expect(JSON.parse(stdout)).toEqual({ artifact, destination: to, bytes: 31, warnings: [] });
		expect(await readFile(to, 'utf8')).toBe('N8N_ENCRYPTION_KEY=of-the-test\n');
		expect((await stat(to)).mode & 0o777).toBe(0o600);
	});

	it('does not replace a file unless it is told to', async () => {
		const to = directory.path('mine.env');
		await writeFile(to, 'mine');
		expect((await restore('file', 'newest', '--to', to)).exitCode).toBe(1);
		expect(await readFile(to, 'utf8')).toBe('mine');
		expect((await restore('file', 'newest', '--to', to, '--overwrite')).exitCode).toBe(0);
		expect(await readFile(to, 'utf8')).not.toBe('mine');
	});
});
