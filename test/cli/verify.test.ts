import { mkdir, rm, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { type Artifact, type Component, manifestPath, readManifest } from '../../core/artifact';
import { makeBackups } from '../support/makeBackups';
import { runCommand } from '../support/runCommand';
import { temporaryDirectory } from '../support/temporaryDirectory';
import { writeBackup } from '../support/writeBackup';

const directory = temporaryDirectory();
let backups: Record<Component, Artifact>;
const verify = async (...args: string[]) =>
	await runCommand(['verify', '-d', directory.path('backups'), ...args]);

describe('n8n-backup verify', () => {
	beforeEach(async () => {
		await mkdir(directory.path('backups'));
		backups = await makeBackups(directory.path('backups'));
	});

	it('shows every check of a good backup and ends with 0', async () => {
		const { path } = backups.postgres;
		const { exitCode, stdout, stderr } = await verify(path);
		expect([exitCode, stderr]).toEqual([0, '']);
		expect(stdout.split('\n')).toEqual([
			`✓ ${path}: passed`,
			expect.stringMatching(/^ ✓ +manifest +The manifest is this artifact’s, of /),
			expect.stringMatching(/^ ✓ +size +/),
			expect.stringMatching(/^ ✓ +sha256 +Every stored byte is as it was written\.$/),
			expect.stringMatching(/^ ✓ +compression +The gzip stream is whole\.$/),
			expect.stringMatching(/^ ✓ +content +The dump is complete/),
			expect.stringMatching(/^ ✓ +rows +2 rows in 1 tables, as counted when the dump was made\.$/),
			expect.stringMatching(/^ ✓ +raw size +/),
			'',
		]);
	});

	it('finds a backup by its name alone', async () => {
		expect((await verify(basename(backups.redis.path))).exitCode).toBe(0);
	});

	it('ends with 3 when one is damaged, and verifies the others all the same', async () => {
		await writeFile(backups.redis.path, 'REDIS0010 what is this');
		const { exitCode, stdout } = await verify('--all');
		expect(exitCode).toBe(3);
		expect(stdout).toContain(`✗ ${backups.redis.path}: failed`);
		expect(stdout).toMatch(/\n3 of 4 backups passed\.\n$/);
	});

	it('takes the newest of each kind when none is named', async () => {
		await writeBackup(directory.path('backups'), { stamp: '20200101_000000', prefix: 'postgres' });
		await writeBackup(directory.path('backups'), { stamp: '20200102_000000', prefix: 'crm' });
		const { stdout } = await verify('--component', 'postgres', '--json');
		const verified = (JSON.parse(stdout) as Array<{ path: string }>).map(({ path }) => basename(path));
		expect(verified).toEqual([basename(backups.postgres.path), 'crm_20200102_000000.sql.gz']);
	});

	it('gives programs every check, with the result', async () => {
		const { exitCode, stdout } = await verify(backups.env.path, '--json');
		expect(exitCode).toBe(0);
		expect(JSON.parse(stdout)).toEqual([
			expect.objectContaining({ path: backups.env.path, component: 'env', result: 'passed', recorded: true }),
		]);
	});

	it('leaves the manifest alone with --no-record', async () => {
		await verify(backups.env.path, '--no-record');
		expect((await readManifest(backups.env.path)).verification).toBeUndefined();
	});

	it('says what it cannot know without a manifest, and passes', async () => {
		await rm(manifestPath(backups.n8n.path));
		const { exitCode, stdout } = await verify(backups.n8n.path);
		expect(exitCode).toBe(0);
		expect(stdout).toMatch(/^ \? +manifest +There is no manifest: nobody can know/m);
	});

	it('says that nobody can know with a manifest that cannot be read, and ends with 1: neither good nor damaged', async () => {
		const { path } = backups.n8n;
		await rm(manifestPath(path));
		await mkdir(manifestPath(path));
		const { exitCode, stdout } = await verify(path);
		expect(exitCode).toBe(1);
		expect(stdout).toContain(`? ${path}: unknown\n`);
		expect(stdout).toMatch(/^ \? +manifest +.*manifest\.json cannot be read: it is not a regular file/m);
		expect((await verify('--all')).stdout).toMatch(/\n3 of 4 backups passed\.\n$/);
	});

	it('is damaged all the same when the file itself does not hold', async () => {
		const { path } = backups.redis;
		await writeFile(manifestPath(path), '');
		await writeFile(path, 'REDIS0010 what is this');
		expect((await verify(path)).exitCode).toBe(3);
	});

	it('ends with 1 when there is no such file', async () => {
		const { exitCode, stderr } = await verify('./none.sql');
		expect(exitCode).toBe(1);
		expect(stderr).toBe(
			'✗ There is no file ./none.sql.\n' +
				'  Give the path of the artifact, or name the backup directory with --directory.\n',
		);
	});

	it('ends with 2 when it is not said which', async () => {
		const { exitCode, stderr } = await verify('--all', '--newest');
		expect([exitCode, stderr]).toEqual([
			2,
			'✗ Names, --all and --newest exclude each other.\n  Use one of them.\n',
		]);
	});

	it('ends with 130 when it is cancelled', async () => {
		const signal = AbortSignal.abort('SIGINT');
		const { exitCode, stderr } = await runCommand(['verify', backups.postgres.path], { signal });
		expect(exitCode).toBe(130);
		expect(stderr).toContain('✗ The run was cancelled before it was finished.');
	});

	it('shows progress on a terminal, and nothing of it is left on the screen', async () => {
		const { stderr } = await runCommand(['verify', backups.postgres.path], { typed: [] });
		expect(stderr).toMatch(/Verifying .*postgres_\d{8}_\d{6}\.sql\.gz {2}█+ .* of /);
	});
});
