import { readdir } from 'node:fs/promises';
import { readManifest } from '../../core/artifact';
import { runCommand } from '../support/runCommand';
import { temporaryDirectory } from '../support/temporaryDirectory';
import { writeBackup } from '../support/writeBackup';

const directory = temporaryDirectory();
const run = async (...args: string[]) =>
	await runCommand([...args, '-d', directory.path(), '--time-zone', 'utc']);
const left = async () =>
	(await readdir(directory.path('postgres'))).filter((name) => name.endsWith('.gz')).sort();

const fullName = 'n8n_20250102_020000.sql.gz';
const shrunkName = 'n8n_20250104_020000.sql.gz';
const shrunk = { before: fullName, lost: ['public.workflow_entity had 12 rows and has 0.'] };

describe('n8n-backup accept', () => {
	let paths: string[] = [];

	beforeEach(async () => {
		paths = [];
		for (const stamp of ['20250101_020000', '20250102_020000'])
			paths.push(await writeBackup(directory.path(), { stamp }));
		for (const stamp of ['20250103_020000', '20250104_020000'])
			paths.push(await writeBackup(directory.path(), { stamp, manifest: { shrunk } }));
	});

	it('makes the shrunk backups good that hold as little, and lets their series be pruned again', async () => {
		const rules = ['--keep-days', '0', '--keep-last', '1'];
		const before = await run('prune', ...rules);
		expect(before.stdout).toContain(`${shrunkName} holds far less than before, and is not accepted`);
		expect(await left()).toHaveLength(4);

		const { exitCode, stdout } = await run('accept', 'n8n_20250103_020000.sql.gz');
		expect(exitCode).toBe(0);
		expect(stdout).toBe(`2 backups accepted:\n  ${shrunkName}\n  n8n_20250103_020000.sql.gz\n`);
		expect((await readManifest(paths[3]!)).shrunk).toEqual({ ...shrunk, acceptedAt: expect.any(String) });

		await run('prune', ...rules);
		expect(await left()).toEqual([shrunkName]);
	});

	it('refuses what is not shrunk, and a name that is not there, and changes nothing', async () => {
		const full = await run('accept', fullName, shrunkName);
		expect(full).toMatchObject({ exitCode: 2 });
		expect(full.stderr).toContain(`${fullName} is not shrunk but good.`);
		const absent = await run('accept', 'n8n_20260101_020000.sql.gz');
		expect(absent).toMatchObject({ exitCode: 1 });
		expect((await readManifest(paths[3]!)).shrunk).toEqual(shrunk);
	});

	it('list and verify name a shrunk backup, with before and after', async () => {
		const list = await run('list');
		expect(list.stdout).toMatch(/n8n_20250104_020000\.sql\.gz .* shrunk$/m);
		const why = `It holds far less than ${fullName}, the last full one before it: public.workflow_entity had 12 rows and has 0.`;
		expect(list.stdout).toContain(`${shrunkName}: ${why}`);
		const verify = await run('verify', shrunkName);
		expect(verify.stdout).toMatch(/^ \? +shrunk /m);
		expect(verify.stdout).toContain(why);
	});
});
