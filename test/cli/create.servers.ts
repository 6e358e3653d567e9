import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { type Manifest, readCatalog, readFailedRuns } from '../../core/artifact';
import { NodeEngine } from '../../lab/nodeEngine/nodeEngine';
import { libpqEnvironment, queueModeEnvironment } from '../../lab/servers/environments';
import { shippedWorkflow } from '../../lab/n8n/workflow';
import { freePort } from '../../lab/servers/freePort';
import { type PostgresServer, startPostgres } from '../../lab/servers/postgres';
import { clientProgram } from '../../lab/servers/postgresBinaries';
import { type RedisServer, startRedis } from '../../lab/servers/redis';
import { dropDatabases } from '../core/postgres/support/restoring';
import { command } from '../../lab/command';
import { temporaryDirectory } from '../support/temporaryDirectory';

jest.setTimeout(120_000);

type Made = Manifest & { path: string };

const directory = temporaryDirectory();
const redisPassword = 'a password that nobody else has';
const key = 'the key of the n8n that these tests are about';
let postgres: PostgresServer;
let redis: RedisServer;

beforeAll(async () => {
	[postgres, redis] = await Promise.all([startPostgres(), startRedis({ password: redisPassword })]);
}, 60_000);
afterAll(() => Promise.all([postgres.stop(), redis.stop()]));

beforeEach(async () => {
	await mkdir(directory.path('backups'));
	await mkdir(directory.path('home', '.n8n'), { recursive: true });
	await writeFile(directory.path('home', '.n8n', 'config'), JSON.stringify({ encryptionKey: key }));
	await writeFile(directory.path('.env'), `N8N_ENCRYPTION_KEY=${key}\n`);
	await postgres.createDatabase('n8n');
	await postgres.psql(
		`CREATE TABLE workflow_entity (id int PRIMARY KEY, name text);
		CREATE TABLE credentials_entity (id int);
		CREATE TABLE execution_entity (id int);
		INSERT INTO workflow_entity SELECT i, 'Workflow ' || i FROM generate_series(1, 40) AS i;
		INSERT INTO execution_entity SELECT generate_series(1, 100)`,
		{ database: 'n8n' },
	);
	await redis.cli('FLUSHALL');
	await redis.cli('MSET', 'bull:jobs:id', '7', 'bull:jobs:1', '{}');
});
afterEach(() => dropDatabases(postgres));

const backups = () => directory.path('backups');

const postgresEnvironment = (): NodeJS.ProcessEnv => ({
	...libpqEnvironment(postgres, 'n8n'),
});

/** As a container of n8n's has it. */
const n8nEnvironment = (): NodeJS.ProcessEnv => ({
	...queueModeEnvironment(postgres, redis),
	HOME: directory.path('home'),
});

const create = async (args: string[], env: NodeJS.ProcessEnv = {}) =>
	await command(['create', ...args], { N8N_BACKUP_DIRECTORY: backups(), HOME: directory.path(), ...env });

const created = async (args: string[], env: NodeJS.ProcessEnv = {}) => {
	const { exitCode, stdout, stderr } = await create([...args, '--json'], env);
	expect([exitCode, stderr]).toEqual([0, '']);
	return JSON.parse(stdout) as Made;
};

const verified = async () => (await command(['verify', '--all'], { N8N_BACKUP_DIRECTORY: backups() })).stdout;

describe('n8n-backup create postgres', () => {
	it('makes a dump that psql restores, named after the database, and says what it holds', async () => {
		const { exitCode, stdout, stderr } = await create(['postgres'], postgresEnvironment());
		expect([exitCode, stderr]).toEqual([0, '']);
		const [, path] = /^✓ (.*): 140 rows in 3 tables, [\d.]+ [kM]?B in [\d.]+ s\n$/.exec(stdout)!;
		expect(basename(path!)).toMatch(/^n8n_\d{8}_\d{6}\.sql\.gz$/);
		await postgres.createDatabase('again');
		await postgres.psql(gunzipSync(await readFile(path!)).toString(), { database: 'again' });
		expect(await postgres.psql('SELECT count(*) FROM workflow_entity', { database: 'again' })).toBe('40');
	});

	it('leaves out the rows that it is told to', async () => {
		const args = ['postgres', '--exclude-table-data', 'execution_entity', '--compression', 'zstd'];
		const { census, artifact } = await created(args, postgresEnvironment());
		expect(census).toMatchObject({ rows: 40, tables: { 'public.workflow_entity': 40 } });
		expect(artifact).toMatch(/\.sql\.zst$/);
	});

	it('makes one of each database of the server, and one that fails does not stop the others', async () => {
		await postgres.createDatabase('broken');
		await postgres.psql(
			`CREATE FUNCTION fail() RETURNS int LANGUAGE plpgsql AS 'BEGIN RAISE ''broken''; END';
			CREATE TABLE t (id int); CREATE ROLE nobody; ALTER TABLE t ENABLE ROW LEVEL SECURITY;
			ALTER TABLE t FORCE ROW LEVEL SECURITY; ALTER TABLE t OWNER TO nobody`,
			{ database: 'broken' },
		);
		await postgres.psql('CREATE ROLE reader LOGIN PASSWORD $$reads$$; GRANT pg_read_all_data TO reader', {
			database: 'n8n',
		});
		const reader = { ...postgresEnvironment(), PGUSER: 'reader', PGPASSWORD: 'reads' };
		const { exitCode, stdout } = await create(['postgres', '--all-databases', '--json'], reader);
		await postgres.psql('DROP OWNED BY reader; DROP ROLE reader');
		const made = JSON.parse(stdout) as Array<Partial<Made> & { prefix?: string; error?: { code: string } }>;
		expect(exitCode).toBe(1);
		expect(
			made.map(({ artifact, prefix, error }) => artifact?.split('_')[0] ?? [prefix, error?.code]),
		).toEqual([['broken', 'not-permitted'], 'n8n', 'postgres']);
		expect(await readFailedRuns(backups())).toMatchObject([{ component: 'postgres', prefix: 'broken' }]);
	});

	it('works by a pg_dump of the machine', async () => {
		const program = await clientProgram('pg_dump');
		const { engine } = await created(['postgres', '--pg-dump', program], postgresEnvironment());
		expect(engine.name).toBe('local');
	});

	it('ends with 1 for a wrong password, shows it nowhere, leaves no backup and writes the failure down', async () => {
		const { exitCode, stdout, stderr } = await create(['postgres'], {
			...postgresEnvironment(),
			PGPASSWORD: 'guessed-wrong',
		});
		expect([exitCode, stdout]).toEqual([1, '']);
		expect(stderr).not.toContain('guessed-wrong');
		expect(await readCatalog({ root: backups(), timeZone: 'utc' })).toEqual([]);
		expect(await readFailedRuns(backups())).toMatchObject([
			{ component: 'postgres', prefix: 'n8n', code: 'auth' },
		]);
	});

	it('dumps nothing where no database is named', async () => {
		const { exitCode, stderr } = await create(['postgres'], {
			...postgresEnvironment(),
			PGDATABASE: undefined,
		});
		expect(exitCode).toBe(2);
		expect(stderr).toContain('Name it with --database or in PGDATABASE, or take --all-databases.');
	});
});

describe('n8n-backup create redis', () => {
	it('saves what the server holds, as redis-check-rdb confirms', async () => {
		const { path, census } = await created(['redis', '--host', redis.host, '--port', String(redis.port)], {
			REDISCLI_AUTH: redisPassword,
		});
		expect(census).toMatchObject({ keys: 2 });
		expect(execFileSync('redis-check-rdb', [path]).toString()).toContain('RDB looks OK');
		expect(basename(path)).toMatch(/^dump_\d{8}_\d{6}\.rdb$/);
	});
});

describe('n8n-backup create volume and file', () => {
	it('packs a directory that tar finds equal, with the key in it', async () => {
		const { path, encryptionKey } = await created(['volume', directory.path('home', '.n8n')]);
		execFileSync('tar', ['--compare', '-zf', path, '-C', directory.path('home', '.n8n')]);
		expect(encryptionKey).toBe('found');
	});

	it('keeps a copy of a file, byte for byte', async () => {
		const { path } = await created(['file', directory.path('.env')]);
		expect(await readFile(path)).toEqual(await readFile(directory.path('.env')));
		expect(basename(path)).toMatch(/^env_\d{8}_\d{6}\.backup$/);
	});

	it('encrypts for a recipient, and restores with its identity', async () => {
		const keys = JSON.parse((await command(['keygen', '--json'])).stdout) as Record<string, string>;
		await writeFile(directory.path('identity'), keys.identity!);
		await writeFile(directory.path('recipients'), `# of the tests\n${keys.recipient!}\n`);
		const { path } = await created([
			...['file', directory.path('.env'), '--recipients-file', directory.path('recipients')],
		]);
		expect((await readFile(path)).toString('latin1', 0, 18)).toBe('age-encryption.org');
		const { exitCode } = await command([
			...['restore', 'file', path, '--to', directory.path('again')],
			...['--identity', directory.path('identity')],
		]);
		expect([exitCode, await readFile(directory.path('again'), 'utf8')]).toEqual([
			0,
			`N8N_ENCRYPTION_KEY=${key}\n`,
		]);
	});

	it('encrypts with a passphrase only where the environment has one', async () => {
		const args = ['file', directory.path('.env'), '--passphrase'];
		const without = await create(args);
		expect([without.exitCode, without.stderr]).toEqual([2, expect.stringContaining('N8N_BACKUP_PASSPHRASE')]);
		expect(await readdir(backups())).toEqual([]);
		const { encryption } = await created(args, { N8N_BACKUP_PASSPHRASE: 'correct horse' });
		expect(encryption).toMatchObject({ passphrase: true });
	});

	it('says that the key is in no backup', async () => {
		await writeFile(directory.path('other.env'), 'POSTGRES_USER=n8n\n');
		const { stdout } = await create(['file', directory.path('other.env')]);
		expect(stdout).toContain(
			'! n8n’s encryption key is not in this backup, nor in another one that is there',
		);
	});
});

describe('n8n-backup create all', () => {
	it('backs up what n8n’s own environment describes, and every backup verifies', async () => {
		const { exitCode, stderr, stdout } = await create(
			['all', '--file', directory.path('.env')],
			n8nEnvironment(),
		);
		expect([exitCode, stderr]).toEqual([0, '']);
		expect(stdout.match(/^✓/gm)).toHaveLength(4);
		expect(stdout).not.toContain('!');
		expect(await verified()).toContain('4 of 4 backups passed.');
	});

	it('takes secrets from the files that n8n takes them from', async () => {
		await writeFile(directory.path('secret'), `${postgres.password}\n`);
		const { exitCode, stderr } = await create(['all', '--skip', 'n8n', '--skip', 'redis'], {
			...n8nEnvironment(),
			DB_POSTGRESDB_PASSWORD: undefined,
			DB_POSTGRESDB_PASSWORD_FILE: directory.path('secret'),
		});
		expect([exitCode, stderr]).toEqual([0, '']);
	});

	it('makes the others when one fails, writes that down, and ends with 1', async () => {
		const { exitCode, stderr, stdout } = await create(['all'], {
			...n8nEnvironment(),
			QUEUE_BULL_REDIS_PORT: String(await freePort()),
		});
		expect(exitCode).toBe(1);
		expect(stderr).toMatch(/^✗ Nothing answers at Redis at 127\.0\.0\.1:\d+\.\n/);
		expect(stdout.match(/^✓ .*\/(postgres|n8n)\//gm)).toHaveLength(2);
		expect(await readFailedRuns(backups())).toMatchObject([{ component: 'redis', prefix: 'dump' }]);
	});

	it('is given by options what no environment says', async () => {
		const { exitCode, stderr } = await create(
			[
				...['all', '--data-folder', directory.path('home', '.n8n')],
				...['--postgres-host', postgres.host, '--postgres-port', String(postgres.port)],
				...['--postgres-user', postgres.user, '--postgres-database', 'n8n'],
				...['--redis-host', redis.host, '--redis-port', String(redis.port)],
			],
			{ PGPASSWORD: postgres.password, REDISCLI_AUTH: redisPassword },
		);
		expect([exitCode, stderr]).toEqual([0, '']);
		expect(await verified()).toContain('3 of 3 backups passed.');
	});

	it('names what it skips where n8n has no server and no queue', async () => {
		const { exitCode, stderr } = await create(['all'], { HOME: directory.path('home') });
		expect(exitCode).toBe(0);
		expect(stderr).toContain('PostgreSQL is skipped: DB_TYPE is not postgresdb');
		expect(stderr).toContain('Redis is skipped: EXECUTIONS_MODE is not queue');
	});

	it('does nothing where there is nothing, and says what is missing', async () => {
		const { exitCode, stderr } = await create(['all']);
		expect([exitCode, stderr]).toEqual([2, expect.stringContaining('There is nothing to back up.')]);
	});
});

describe('the series of what is made by command', () => {
	it('is that of n8n’s own backups, by the key that n8n has: retention and comparison see one', async () => {
		const composeFile = directory.path('compose.yaml');
		await writeFile(composeFile, 'services: {}\n');
		const engine = await NodeEngine.start({
			core: 'newest',
			userFolder: directory.path('user'),
			environment: { N8N_ENCRYPTION_KEY: key, N8N_RESTRICT_FILE_ACCESS_TO: directory.path() },
		});
		try {
			const run = async (node: string, parameters: object, credentials = {}) => {
				const common = { backupDirectory: backups(), options: {} };
				const result = await engine.run({ node, parameters: { ...common, ...parameters }, credentials });
				expect(result.error).toBeUndefined();
			};
			const { host, port, user, password } = postgres;
			await run(
				'postgresBackup',
				{ operation: 'backUp', engine: 'built-in', databases: 'standard', compression: 'gzip' },
				{ postgres: { host, port, user, password, database: 'n8n', ssl: 'disable' } },
			);
			await run(
				'redisSnapshot',
				{ operation: 'takeSnapshot', engine: 'built-in' },
				{ redis: { host: redis.host, port: redis.port, password: redisPassword } },
			);
			const archive = { operation: 'archive', engine: 'built-in', compression: 'gzip' };
			await run('volumeArchive', { ...archive, directory: directory.path('home', '.n8n') });
			await run('volumeArchive', { operation: 'copyFile', file: directory.path('.env') });
			const { nodes } = await shippedWorkflow('nightly-backup.json');
			const { options } = nodes.find(({ name }) => name === 'Copy Compose File')!.parameters;
			await run('volumeArchive', { operation: 'copyFile', file: composeFile, options });
		} finally {
			await engine.stop();
		}
		const { exitCode } = await create(
			['all', '--file', directory.path('.env'), '--file', composeFile],
			n8nEnvironment(),
		);
		expect(exitCode).toBe(0);
		const entries = await readCatalog({ root: backups(), timeZone: 'utc' });
		const series = entries.map(({ component, prefix, manifest }) =>
			JSON.stringify([component, prefix, manifest?.instanceId]),
		);
		expect([series.length, new Set(series).size]).toEqual([10, 5]);
		await postgres.psql('DELETE FROM workflow_entity', { database: 'n8n' });
		const shrunk = await create(['postgres'], { ...postgresEnvironment(), N8N_ENCRYPTION_KEY: key });
		expect([shrunk.exitCode, shrunk.stderr]).toEqual([1, expect.stringContaining('holds far less than')]);
	});

	it('is that of the only n8n that has backups there, where nothing else says whose it is', async () => {
		await create(['file', directory.path('.env')]);
		await writeFile(directory.path('other.env'), 'POSTGRES_USER=n8n\n');
		const { stderr, stdout } = await create(['file', directory.path('other.env'), '--json']);
		expect(stderr).toBe('');
		const [, first] = await readCatalog({ root: backups(), timeZone: 'utc' });
		expect((JSON.parse(stdout) as Made).instanceId).toBe(first!.manifest!.instanceId);
		expect((await create(['file', directory.path('other.env')])).stderr).toMatch(
			/^! It counts with the backups of instance [0-9a-f]{12}, the only ones in /,
		);
	});

	it('is the one of --instance, by the beginning of its id', async () => {
		const { instanceId } = await created(['file', directory.path('.env')]);
		const args = ['file', directory.path('.env'), '--instance', instanceId!.slice(0, 8)];
		expect((await created(args, { N8N_ENCRYPTION_KEY: 'of another n8n' })).instanceId).toBe(instanceId);
	});
});
