import { execFileSync } from 'node:child_process';
import {
	chmod,
	chown,
	lchown,
	mkdir,
	readdir,
	readFile,
	rename,
	stat,
	symlink,
	writeFile,
} from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { type Artifact, type Component, manifestPath } from '../../core/artifact';
import { asOwnerOf } from '../../cli/identity';
import { describeAsRoot } from '../support/asRoot';
import { command } from '../../lab/command';
import { makeBackups } from '../support/makeBackups';
import { runCommand } from '../support/runCommand';
import { temporaryDirectory } from '../support/temporaryDirectory';

const directory = temporaryDirectory();
const owner = 1000;

describeAsRoot('root in a backup directory of uid 1000 (skipped unless root)', () => {
	let backups: Record<Component, Artifact>;
	const root = () => directory.path('backups');

	beforeEach(async () => {
		await chmod(directory.path(), 0o755);
		await mkdir(root());
		await chown(root(), owner, owner);
		backups = await makeBackups(root());
	});

	it('reads nothing that a link of theirs leads to and that they could not read themselves', async () => {
		const { path } = backups.env;
		await mkdir(directory.path('secret'), { mode: 0o700 });
		for (const file of [path, manifestPath(path)])
			await rename(file, directory.path('secret', basename(file)));
		const before = await readFile(directory.path('secret', basename(manifestPath(path))), 'utf8');
		await rename(dirname(path), `${dirname(path)}.old`);
		await symlink(directory.path('secret'), dirname(path));
		await lchown(dirname(path), owner, owner);

		const verified = await command(['verify', path]);
		expect([verified.exitCode, verified.stdout]).toEqual([1, '']);
		expect(verified.stderr).toContain(path);
		expect(await readFile(directory.path('secret', basename(manifestPath(path))), 'utf8')).toBe(before);
	});

	it('follows no link in the place of an artifact, and gives nobody what it leads to', async () => {
		const { path } = backups.env;
		const secret = directory.path('shadow');
		await rename(path, secret);
		await chown(secret, 0, 0);
		await chmod(secret, 0o600);
		await symlink(secret, path);
		await lchown(path, owner, owner);
		const restored = await command([
			'restore',
			'file',
			path,
			'--to',
			directory.path('copy'),
			'--no-manifest',
		]);
		expect(restored.exitCode).toBe(2);
		expect(restored.stderr).toContain(`${path} is a symbolic link where a file of its own was expected`);
		expect(await readdir(directory.path())).not.toContain('copy');
	});

	it('reads no artifact that its owner could not read', async () => {
		const { path } = backups.n8n;
		await chown(path, 0, 0);
		await chmod(path, 0o600);
		const restored = await command([
			'restore',
			'volume',
			path,
			'--to',
			directory.path('out'),
			'--no-manifest',
		]);
		expect(restored.exitCode).toBe(1);
		expect(restored.stderr).toContain(`not permitted to use ${path}`);
		expect(await readdir(directory.path())).not.toContain('out');

		const documented = /^chown -R .*$/m.exec(await readFile('docs/restore.md', 'utf8'))?.[0];
		execFileSync('sh', ['-c', documented!], { cwd: directory.path() });
		const again = await command(['restore', 'volume', path, '--to', directory.path('out'), '--no-manifest']);
		expect([again.exitCode, again.stderr]).toEqual([0, '']);
		expect(await readdir(directory.path('out'))).toContain('config');
	});

	it.each([['list'], ['verify'], ['prune', '--keep-last', '1']])(
		'works as that user, and what it writes is theirs: %s',
		async (...args) => {
			const { exitCode, stderr } = await command([...args, '-d', root()]);
			expect([exitCode, stderr]).toEqual([0, '']);
			for (const { path } of Object.values(backups)) {
				const { uid, gid } = await stat(manifestPath(path));
				expect([uid, gid]).toEqual([owner, owner]);
			}
		},
	);

	it('backs up what only root can read, and what it makes is theirs', async () => {
		const secret = directory.path('secret.env');
		await writeFile(secret, 'N8N_ENCRYPTION_KEY=of-root\n', { mode: 0o600 });
		await mkdir(directory.path('volume'), { mode: 0o700 });
		await writeFile(directory.path('volume', 'config'), 'x', { mode: 0o600 });
		for (const args of [
			['file', secret],
			['volume', directory.path('volume')],
		]) {
			const { exitCode, stdout, stderr } = await command(['create', ...args, '-d', root(), '--json']);
			expect([exitCode, stderr]).toEqual([0, '']);
			const { path } = JSON.parse(stdout) as { path: string };
			for (const made of [path, manifestPath(path)]) {
				const { uid, gid, mode } = await stat(made);
				expect([uid, gid, mode & 0o777]).toEqual([owner, owner, 0o600]);
			}
		}
	});

	it('writes down a failed backup as that user', async () => {
		const { exitCode } = await command(['create', 'file', directory.path('none'), '-d', root()]);
		expect(exitCode).toBe(1);
		const [record] = await readdir(`${root()}/failed-runs`);
		expect((await stat(`${root()}/failed-runs/${record!}`)).uid).toBe(owner);
	});

	it('is root again afterwards, whatever happened, and however the work overlapped', async () => {
		expect((await runCommand(['list', '-d', root()])).exitCode).toBe(0);
		const who = () => [process.geteuid!(), process.getegid!()];
		expect(who()).toEqual([0, 0]);
		const seen: number[][] = [];
		const work = async (ms: number) =>
			await asOwnerOf(root(), async () => {
				await new Promise((resolve) => setTimeout(resolve, ms));
				seen.push(who());
				if (ms === 20) throw new Error('failed');
			});
		await Promise.allSettled([work(5), work(20), work(40)]);
		expect(seen).toEqual(Array(3).fill([owner, owner]));
		expect(who()).toEqual([0, 0]);
	});

	it('stays root where the owner cannot get by that path, as to a Docker volume on its host', async () => {
		await chmod(directory.path(), 0o700);
		const { exitCode, stdout } = await command(['list', '-d', root()]);
		expect(exitCode).toBe(0);
		expect(stdout).toContain(basename(backups.env.path));
	});
});
