import { chmod, chown, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { manifestPath } from '../../core/artifact';
import { startCommand } from '../../lab/command';
import { runCommand } from '../support/runCommand';
import { temporaryDirectory } from '../support/temporaryDirectory';
import { writeBackup } from '../support/writeBackup';

const directory = temporaryDirectory();
const months = Array.from({ length: 12 }, (_, month) => `2025${String(month + 1).padStart(2, '0')}01_020000`);
const artifacts = async () =>
	(await readdir(directory.path('postgres'))).filter((name) => name.endsWith('.sql.gz')).sort();

describe('n8n-backup beside manifests that cannot be judged', () => {
	it('prunes no monthly backup whose manifest belongs to root, run as uid 1000 (needs root)', async () => {
		const paths = await Promise.all(months.map((stamp) => writeBackup(directory.path(), { stamp })));
		await own(directory.path(), 1000);
		for (const path of paths) {
			await chown(manifestPath(path), 0, 0);
			await chmod(manifestPath(path), 0o600);
		}
		const run = async (...args: string[]) => await startCommand(args, {}, { uid: 1000, gid: 1000 }).ended;
		const list = await run('list', '-d', directory.path());
		expect(list.stdout).toMatch(/n8n_20250101_020000\.sql\.gz .* unreadable$/m);
		expect(list.stdout).toMatch(
			/^n8n_20250101_020000\.sql\.gz: .*manifest\.json cannot be read: n8n is not permitted to use/m,
		);
		const rules = ['--keep-days', '0', '--keep-last', '0', '--keep-monthly', '12'];
		const pruned = await run('prune', '-d', directory.path(), ...rules);
		expect([pruned.exitCode, pruned.stderr]).toEqual([0, '']);
		expect(pruned.stdout).toMatch(/^kept +postgres\/n8n_20250101_020000\.sql\.gz .* cannot be read: /m);
		expect(pruned.stdout).toContain('Deleted 0 backups');
		expect(await artifacts()).toHaveLength(12);
	});

	it('keeps the newest three of six whose manifests a newer version wrote, by --keep-last 3', async () => {
		for (const stamp of months.slice(0, 6))
			await writeBackup(directory.path(), { stamp, manifest: { schemaVersion: 2 } });
		await prune('--keep-last', '3');
		expect(await artifacts()).toEqual(months.slice(3, 6).map((stamp) => `n8n_${stamp}.sql.gz`));
	});

	it.each<[string, (path: string) => Promise<void>]>([
		['are empty', async (path) => await writeFile(path, '')],
		[
			'lie on a disk that fails',
			// As near as a test comes to EIO on one file: reading a directory fails with an errno, too.
			async (path) => {
				await rm(path);
				await mkdir(path);
			},
		],
		[
			'are of a newer version that says things otherwise',
			async (path) =>
				await change(path, (manifest) => ({ ...manifest, schemaVersion: 3, storedBytes: '5 B' })),
		],
		[
			'were renamed together with their backups',
			async (path) =>
				await change(path, (manifest) => ({ ...manifest, artifact: `old_${months[0]}.sql.gz` })),
		],
	])('deletes none of six whose manifests %s', async (_name, spoil) => {
		for (const stamp of months.slice(0, 6))
			await spoil(manifestPath(await writeBackup(directory.path(), { stamp })));
		await prune('--keep-last', '3', '--include-unproven', '--max-megabytes', '1');
		expect(await artifacts()).toHaveLength(6);
	});

	it('counts backups whose manifests begin with a byte order mark like any others', async () => {
		for (const stamp of months.slice(0, 6)) {
			const path = manifestPath(await writeBackup(directory.path(), { stamp }));
			await writeFile(path, `\uFEFF${await readFile(path, 'utf8')}`);
		}
		await prune('--keep-last', '3');
		expect(await artifacts()).toHaveLength(3);
	});

	it('lets bad backups push out no good one, and keeps the newest of those where none is good', async () => {
		const [oldest, ...later] = months.slice(0, 4);
		await writeBackup(directory.path(), { stamp: oldest! });
		for (const stamp of later) await writeBackup(directory.path(), { stamp, manifest: { storedBytes: 1 } });
		for (const stamp of later)
			await writeBackup(directory.path(), { stamp, prefix: 'crm', manifest: { storedBytes: 1 } });
		await prune('--keep-last', '1');
		expect(await artifacts()).toEqual([`crm_${later[2]}.sql.gz`, `n8n_${oldest}.sql.gz`]);
	});

	it('takes neither a backup for proven nor its manifest for a backup when that was renamed to .bak', async () => {
		const paths = await Promise.all(
			months.slice(0, 3).map((stamp) => writeBackup(directory.path(), { stamp })),
		);
		await rename(manifestPath(paths[0]!), `${manifestPath(paths[0]!)}.bak`);
		await prune('--keep-last', '1');
		expect(await artifacts()).toEqual([`n8n_${months[0]}.sql.gz`, `n8n_${months[2]}.sql.gz`]);
		const { stdout } = await runCommand(['list', '-d', directory.path()]);
		expect(stdout).not.toContain('manifest.json.bak');
	});
});

async function prune(...args: string[]): Promise<void> {
	const run = await runCommand(['prune', '-d', directory.path(), '--keep-days', '0', ...args]);
	expect([run.exitCode, run.stderr]).toEqual([0, '']);
}

type Fields = Record<string, unknown>;

async function change(path: string, make: (manifest: Fields) => Fields): Promise<void> {
	await writeFile(path, JSON.stringify(make(JSON.parse(await readFile(path, 'utf8')) as Fields)));
}

async function own(path: string, uid: number): Promise<void> {
	await chmod(path, 0o755);
	for (const name of ['', ...(await readdir(path, { recursive: true }))])
		await chown(join(path, name), uid, uid);
}
