import { readdir, readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { runCommand } from '../support/runCommand';
import { temporaryDirectory } from '../support/temporaryDirectory';
import { writeBackup } from '../support/writeBackup';

const directory = temporaryDirectory();
const ours = 'a1b2'.repeat(16);
const theirs = 'c3d4'.repeat(16);
const run = async (...args: string[]) => await runCommand([...args, '-d', directory.path()]);
const env = async (stamp: string, instanceId: string, content: string) =>
	await writeBackup(directory.path(), {
		stamp,
		component: 'env',
		prefix: 'env',
		content,
		manifest: { instanceId, census: { kind: 'file' } },
	});
const restoreNewest = async (...more: string[]) =>
	await run('restore', 'file', 'newest', '--to', directory.path('.env'), ...more);

describe('n8n-backup where several n8n or databases share a directory', () => {
	it('does not take the newest .env of another n8n for ours, but asks which is meant', async () => {
		await env('20261122_020000', ours, 'N8N_ENCRYPTION_KEY=ours');
		await env('20261123_020000', theirs, 'N8N_ENCRYPTION_KEY=theirs');
		const { exitCode, stderr } = await restoreNewest();
		expect([exitCode, stderr]).toEqual([
			2,
			'✗ There are backups of several series: env/env of instance a1b2a1b2a1b2, env/env of instance c3d4c3d4c3d4.\n' +
				'  Choose by prefix and instance (--prefix and --instance; File Prefix and Instance in a node), or name the artifact.\n',
		]);
		const chosen = await restoreNewest('--instance', 'a1b2a1b2a1b2', '--json');
		const { artifact } = JSON.parse(chosen.stdout) as { artifact: string };
		expect(basename(artifact)).toBe('env_20261122_020000.sql.gz');
	});

	it('lists whose each backup is, and by choice only some', async () => {
		await env('20261122_020000', ours, 'x');
		await env('20261123_020000', theirs, 'x');
		await writeBackup(directory.path(), { stamp: '20261121_020000' });
		const { stdout } = await run('list');
		expect(stdout).toMatch(/ HOLDS +INSTANCE +STATE$/m);
		expect(stdout).toMatch(/env_20261122_020000.* a1b2a1b2a1b2 +good$/m);
		expect(stdout).toMatch(/n8n_20261121_020000.* \? +good$/m);
		const names = async (...args: string[]) =>
			(JSON.parse((await run('list', '--json', ...args)).stdout) as Array<{ name: string }>).map(({ name }) =>
				name.slice(0, 12),
			);
		expect(await names('--instance', 'c3d4')).toEqual(['env_20261123']);
		expect(await names('--instance', 'unknown')).toEqual(['n8n_20261121']);
		expect(await names('--prefix', 'n8n')).toEqual(['n8n_20261121']);
	});

	it('prunes only what is chosen', async () => {
		for (const instance of [ours, theirs])
			for (const day of [1, 2]) {
				const hour = instance === ours ? '02' : '03';
				await env(`2025010${day}_${hour}0000`, instance, 'x');
			}
		const { exitCode } = await run('prune', '--keep-days', '0', '--keep-last', '1', '--instance', ours);
		expect(exitCode).toBe(0);
		const left = (await readdir(directory.path('env'))).filter((name) => name.endsWith('.gz')).sort();
		expect(left).toEqual([
			'env_20250101_030000.sql.gz',
			'env_20250102_020000.sql.gz',
			'env_20250102_030000.sql.gz',
		]);
	});

	it('passes over what is dated in the future, and marks it in the list', async () => {
		await writeBackup(directory.path(), {
			stamp: '20250101_020000',
			component: 'env',
			prefix: 'env',
			content: 'past',
		});
		await writeBackup(directory.path(), { stamp: '29990101_020000', component: 'env', prefix: 'env' });
		expect((await run('list')).stdout).toMatch(/env_29990101.* good, dated in the future$/m);
		const verified = await run('verify', '--newest', '--json');
		const [{ path }] = JSON.parse(verified.stdout) as [{ path: string }];
		expect(basename(path)).toBe('env_20250101_020000.sql.gz');
		const { exitCode } = await restoreNewest();
		expect(exitCode).toBe(0);
		expect((await readFile(directory.path('.env'))).length).toBeGreaterThan(0);
	});
});
