import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type Artifact, manifestPath, readManifest } from '../../core/artifact';
import { type PostgresServer, startPostgres } from '../../lab/servers/postgres';
import { backUp } from '../core/postgres/support/artifacts';
import {
	databaseNames,
	dropDatabases,
	scratchDatabases,
	writeDump,
} from '../core/postgres/support/restoring';
import { tenMinutes } from '../core/postgres/support/slowDump';
import { command, program, startCommand } from '../../lab/command';
import { temporaryDirectory } from '../support/temporaryDirectory';

jest.setTimeout(60_000);

const directory = temporaryDirectory();
let server: PostgresServer;
let artifact: Artifact;

beforeAll(async () => {
	server = await startPostgres();
}, 60_000);
afterAll(() => server.stop());

beforeEach(async () => {
	await server.createDatabase('n8n');
	await server.psql(
		`CREATE TABLE workflow_entity (id int PRIMARY KEY, name text);
		INSERT INTO workflow_entity SELECT i, 'Workflow ' || i FROM generate_series(1, 5000) AS i`,
		{ database: 'n8n' },
	);
	artifact = await backUp(server, 'n8n', directory.path());
});
afterEach(() => dropDatabases(server));

/** Runs a command as the superuser, known by environment. */
const run = async (args: string[], env: NodeJS.ProcessEnv = {}) =>
	await command(args, { ...environment(), ...env });

const environment = (): NodeJS.ProcessEnv => ({
	PGHOST: server.host,
	PGPORT: String(server.port),
	PGUSER: server.user,
	PGPASSWORD: server.password,
	N8N_BACKUP_DIRECTORY: directory.path(),
});

const rows = async (database: string) => {
	const [row] = await server.query<{ count: string }>('SELECT count(*) FROM workflow_entity', { database });
	return Number(row!.count);
};

describe('n8n-backup restore postgres', () => {
	it('restores the newest backup into a new database named after it, and compares every table', async () => {
		const { exitCode, stdout, stderr } = await run(['restore', 'postgres', 'newest']);
		const name = basename(artifact.path, '.sql.gz');
		expect([exitCode, stderr]).toEqual([0, '']);
		expect(stdout).toMatch(
			new RegExp(
				`^✓ The database "${name}" is restored: 5,000 rows in 1 table, [\\d.]+ kB in [\\d.]+ s\\.\n` +
					'  Every table has the rows that were counted when it was backed up\\.\n$',
			),
		);
		expect(await rows(name)).toBe(5000);
	});

	it('gives programs the report', async () => {
		const { stdout } = await run(['restore', 'postgres', artifact.path, '--into', 'again', '--json']);
		expect(JSON.parse(stdout)).toMatchObject({
			artifact: artifact.path,
			database: 'again',
			rows: { 'public.workflow_entity': 5000 },
			comparison: { tables: 1, rows: 5000, differences: [] },
		});
	});

	it('replaces a database, saves what was there, and says where both are', async () => {
		await server.psql('DELETE FROM workflow_entity WHERE id > 10', { database: 'n8n' });
		const { exitCode, stdout } = await run([
			...['restore', 'postgres', basename(artifact.path), '--replace', 'n8n', '--yes'],
		]);
		expect(exitCode).toBe(0);
		expect(await rows('n8n')).toBe(5000);
		const [, saved] = /What was there is saved in (.*\/before-restore-n8n_.*\.sql\.gz)/.exec(stdout)!;
		expect((await readManifest(saved!)).census).toMatchObject({ rows: 10 });
		const [, retired] = /is now the database "(n8n_replaced_\d{8}_\d{6})"/.exec(stdout)!;
		expect(await rows(retired!)).toBe(10);
	});

	it('finds the newest backup also after a replacement, which made one of what it replaced', async () => {
		await run(['restore', 'postgres', 'newest', '--replace', 'n8n', '--yes']);
		const { exitCode, stdout } = await run(['restore', 'postgres', 'newest', '--into', 'again', '--json']);
		expect([exitCode, (JSON.parse(stdout) as { artifact: string }).artifact]).toEqual([0, artifact.path]);
	});

	it('replaces nothing where nobody can confirm it', async () => {
		const { exitCode, stderr } = await run(['restore', 'postgres', 'newest', '--replace', 'n8n']);
		expect(exitCode).toBe(2);
		expect(stderr).toContain('Add --yes when this is what you want.');
		expect(await databaseNames(server)).toEqual(['n8n']);
	});

	it('takes the password from a file', async () => {
		await writeFile(directory.path('secret'), `${server.password}\n`);
		const { exitCode } = await run(
			['restore', 'postgres', 'newest', '--into', 'again', '--password-file', directory.path('secret')],
			{ PGPASSWORD: 'wrong' },
		);
		expect(exitCode).toBe(0);
	});

	it('ends with 1 for a wrong password, and shows neither it nor a stack', async () => {
		const { exitCode, stdout, stderr } = await run(['restore', 'postgres', 'newest'], {
			PGPASSWORD: 'guessed-wrong',
		});
		expect([exitCode, stdout]).toEqual([1, '']);
		expect(stderr).toMatch(/^✗ .*password.*\n {2}.*\n$/);
		expect(stderr).not.toMatch(/guessed-wrong|at .*\.js:/);
	});

	it('ends with 1 when nothing answers', async () => {
		const { exitCode, stderr } = await run(['restore', 'postgres', 'newest', '--port', '1']);
		expect([exitCode, stderr]).toEqual([
			1,
			'✗ Nothing answers at PostgreSQL at 127.0.0.1:1.\n' +
				'  Start the server, or correct host and port in the credential.\n',
		]);
	});

	it('ends with 3 for a damaged backup, and leaves no database behind', async () => {
		const content = await readFile(artifact.path);
		content[content.length >> 1]! ^= 1;
		await writeFile(artifact.path, content);
		const { exitCode } = await run(['restore', 'postgres', artifact.path, '--into', 'again']);
		expect(exitCode).toBe(3);
		expect(await databaseNames(server)).toEqual(['n8n']);
	});

	it.each([
		['SIGINT', 130],
		['SIGTERM', 143],
	] as const)('ends cleanly by %s with %i, and leaves no database behind', async (signal, exitCode) => {
		const slow = await writeDump(directory.path('slow.sql.gz'), tenMinutes);
		const { child, ended } = startCommand(['restore', 'postgres', slow, '--into', 'again'], environment());
		while ((await scratchDatabases(server)).length === 0) await wait(20);
		child.kill(signal);
		expect(await ended).toMatchObject({
			exitCode,
			stderr: expect.stringContaining('The run was cancelled before it was finished.') as string,
		});
		expect(await databaseNames(server)).toEqual(['n8n']);
	});
});

describe('n8n-backup drill', () => {
	it('drills the newest backup, shows each check, and leaves no database behind', async () => {
		const { exitCode, stdout, stderr } = await run(['drill', '--server']);
		expect([exitCode, stderr]).toEqual([0, '']);
		expect(stdout).toMatch(new RegExp(`^✓ ${artifact.path}: passed in `));
		expect(stdout).toMatch(/^ ✓ +rows +All 1 tables have the 5000 rows that were backed up\.$/m);
		expect(await databaseNames(server)).toEqual(['n8n']);
		expect((await readManifest(artifact.path)).drill).toMatchObject({ result: 'passed' });
	});

	it('proves it without any server unless one is named', async () => {
		const { exitCode, stdout, stderr } = await startCommand([
			'--directory',
			directory.path(),
			'drill',
			'--json',
		]).ended;
		expect([exitCode, stderr]).toEqual([0, '']);
		expect(JSON.parse(stdout)).toMatchObject({ where: 'inside-n8n', result: 'passed' });
	}, 60_000);

	it('ends with 3 when the rows are not those of the census', async () => {
		const census = { ...artifact.manifest.census, tables: { 'public.workflow_entity': 5001 } };
		await writeFile(manifestPath(artifact.path), JSON.stringify({ ...artifact.manifest, census }));
		const { exitCode, stdout } = await run(['drill', '--server', artifact.path, '--json']);
		expect(exitCode).toBe(3);
		expect(JSON.parse(stdout)).toMatchObject({
			result: 'failed',
			checks: expect.arrayContaining([
				{
					check: 'rows',
					result: 'failed',
					detail: expect.stringContaining('public.workflow_entity has 5000 rows instead of 5001') as string,
				},
			]) as unknown,
		});
	});

	it('drills the newest of each database, one after the other, and not the server’s roles', async () => {
		await server.createDatabase('crm');
		await server.psql('CREATE TABLE customer AS SELECT generate_series(1, 7) AS id', { database: 'crm' });
		const crm = await backUp(server, 'crm', directory.path());
		const roles = directory.path('postgres', 'globals_20260101_020000.sql.gz');
		const { database: _, ...source } = artifact.manifest.source;
		await copyFile(artifact.path, roles);
		const manifest = { ...artifact.manifest, artifact: basename(roles), source };
		await writeFile(manifestPath(roles), JSON.stringify(manifest));

		const { exitCode, stdout } = await run(['drill', '--server', '--json']);
		expect(exitCode).toBe(0);
		const reports = JSON.parse(stdout) as Array<{ artifactPath: string; result: string }>;
		expect(reports.map(({ result }) => result)).toEqual(['passed', 'passed']);
		expect(reports.map(({ artifactPath }) => artifactPath).sort()).toEqual([crm.path, artifact.path].sort());
		const one = JSON.parse((await run(['drill', '--server', '--prefix', 'crm', '--json'])).stdout) as {
			artifactPath: string;
		};
		expect(one.artifactPath).toBe(crm.path);
	});

	it('does not begin with more than the server is to be burdened with', async () => {
		const { exitCode, stderr } = await run(['drill', '--server', '--max-megabytes', '1']);
		expect([exitCode, stderr]).toEqual([0, '']);
		const manifest = { ...artifact.manifest, rawBytes: 2_000_000 };
		await writeFile(manifestPath(artifact.path), JSON.stringify(manifest));
		const refused = await run(['drill', '--server', '--max-megabytes', '1']);
		expect(refused.exitCode).not.toBe(0);
		expect(await databaseNames(server)).toEqual(['n8n']);
	});
});

/** Whether the last thing on the screen is a colon, with the cursor put behind it by its column or just so. */
function isQuestion(screen: string): boolean {
	return /: $/.test(screen.replace(/[^:]\[\d+G$/, ''));
}

describe('on a terminal', () => {
	/** Runs the command on a pseudo-terminal, where `typed` is typed, and gives all that is seen on it. */
	async function onTerminal(args: string[], typed: string[], env: NodeJS.ProcessEnv = {}) {
		const line = [process.execPath, program, ...args].map((word) => `'${word}'`).join(' ');
		const child = spawn('script', ['--quiet', '--return', '--command', line, '/dev/null'], {
			env: {
				PATH: process.env.PATH,
				TERM: 'xterm',
				SHELL: '/bin/sh',
				...environment(),
				PGPASSWORD: undefined,
				...env,
			},
			stdio: 'pipe',
		});
		let screen = '';
		child.stdout.on('data', (chunk: Buffer) => {
			screen += chunk.toString();
			// What is typed before it is asked for would be echoed by the terminal.
			if (isQuestion(screen) && typed.length > 0) child.stdin.write(typed.shift()!);
		});
		const [exitCode] = (await once(child, 'close')) as [number];
		return { exitCode, screen };
	}

	it('asks for the password and does not show what is typed', async () => {
		const { exitCode, screen } = await onTerminal(['drill', '--server'], [`${server.password}\r`]);
		expect(screen).toContain(`Password for ${server.user} on PostgreSQL at 127.0.0.1:${server.port}`);
		expect(screen).not.toContain(server.password);
		expect([exitCode, screen]).toEqual([0, expect.stringContaining('passed in ')]);
	});

	it('has the name of the database typed before it is replaced', async () => {
		const args = ['restore', 'postgres', 'newest', '--replace', 'n8n'];
		const refused = await onTerminal(args, ['yes\r'], { PGPASSWORD: server.password });
		expect([refused.exitCode, refused.screen]).toEqual([
			2,
			expect.stringContaining('Type exactly n8n; nothing was changed.'),
		]);
		expect(await databaseNames(server)).toEqual(['n8n']);
		const done = await onTerminal(args, ['n8n\r'], { PGPASSWORD: server.password });
		expect(done.exitCode).toBe(0);
		expect(await databaseNames(server)).toHaveLength(2);
	});

	it('ends with 130 by Ctrl-C at a question', async () => {
		const { exitCode } = await onTerminal(['drill', '--server'], ['\x03']);
		expect(exitCode).toBe(130);
	});

	it('shows how far it has come, with rate and time left', async () => {
		const { screen } = await onTerminal(['drill', '--server'], [], { PGPASSWORD: server.password });
		expect(screen).toMatch(/into a scratch database {2}[█░]+ {2}[\d.]+ \wB of [\d.]+ kB {2}[\d.]+ \wB\/s/);
	});
});
