import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { libpqEnvironment } from '../../lab/servers/environments';
import { type PostgresServer, startPostgres } from '../../lab/servers/postgres';
import { type RedisServer, startRedis } from '../../lab/servers/redis';
import { databaseNames, dropDatabases } from '../core/postgres/support/restoring';
import { temporaryDirectory } from '../support/temporaryDirectory';
import { type Block, bashBlocks, readDocument } from './support/blocks';
import { follow, installCommand } from './support/follow';

jest.setTimeout(120_000);

const directory = temporaryDirectory();
const redisPassword = 'of the test';
let servers: { old: PostgresServer; new: PostgresServer };
let redis: RedisServer;
let blocks: Block[];

beforeAll(async () => {
	blocks = bashBlocks(await readDocument('update.md'));
	const [older, newer, queue] = await Promise.all([
		startPostgres({ major: 16 }),
		startPostgres({ major: 18 }),
		startRedis({ password: redisPassword }),
	]);
	servers = { old: older, new: newer };
	redis = queue;
}, 60_000);
afterAll(() => Promise.all([servers.old.stop(), servers.new.stop(), redis.stop()]));

beforeEach(async () => {
	await installCommand(directory.path('bin'));
	await mkdir(project('backups'), { recursive: true });
	await mkdir(directory.path('home', '.n8n'), { recursive: true });
	await writeFile(directory.path('home', '.n8n', 'config'), '{"encryptionKey":"of-the-test"}');
	await writeFile(project('.env'), 'N8N_ENCRYPTION_KEY=of-the-test\n');
	await writeFile(project('compose.yaml'), 'services: {}\n');
	await servers.old.psql('CREATE ROLE n8n LOGIN');
	await servers.new.psql('CREATE ROLE n8n LOGIN');
	await servers.old.createDatabase('n8n', 'OWNER n8n');
	await servers.old.psql(
		`SET ROLE n8n;
		CREATE TABLE migrations (id serial PRIMARY KEY, timestamp bigint, name varchar);
		INSERT INTO migrations (timestamp, name) VALUES (1, 'First1'), (2, 'Second2');
		CREATE TABLE instance_version_history (id serial, major int, minor int, patch int);
		INSERT INTO instance_version_history (major, minor, patch) VALUES (2, 30, 1);
		CREATE TABLE workflow_entity (id serial PRIMARY KEY, name text NOT NULL, nodes json);
		CREATE INDEX ON workflow_entity (name);
		INSERT INTO workflow_entity (name) SELECT 'Grüße ' || i FROM generate_series(1, 200) AS i;
		CREATE TABLE credentials_entity (id int, data text, type text, "updatedAt" timestamptz);`,
		{ database: 'n8n' },
	);
	await redis.cli('FLUSHALL');
	await redis.cli('SET', 'bull:jobs:id', '7');
});
afterEach(async () => {
	for (const server of Object.values(servers)) {
		await dropDatabases(server);
		await server.psql('DROP ROLE n8n');
	}
});

const project = (...parts: string[]) => directory.path('project', ...parts);

const run = async (tag: string, server: PostgresServer, more: NodeJS.ProcessEnv = {}) =>
	await follow(blocks, tag, {
		bin: directory.path('bin'),
		cwd: directory.path('project'),
		env: {
			N8N_BACKUP_DIRECTORY: project('backups'),
			HOME: directory.path('home'),
			DB_TYPE: 'postgresdb',
			DB_POSTGRESDB_HOST: server.host,
			DB_POSTGRESDB_PORT: String(server.port),
			DB_POSTGRESDB_USER: server.user,
			DB_POSTGRESDB_PASSWORD: server.password,
			EXECUTIONS_MODE: 'queue',
			QUEUE_BULL_REDIS_HOST: redis.host,
			QUEUE_BULL_REDIS_PORT: String(redis.port),
			QUEUE_BULL_REDIS_PASSWORD: redisPassword,
			...libpqEnvironment(server),
			REDIS_HOST: redis.host,
			REDIS_PORT: String(redis.port),
			REDISCLI_AUTH: redisPassword,
			...more,
		},
	});

/** What is in n8n's database, by psql: every column, index and owner, and every row. */
const described = async (server: PostgresServer) => {
	const ask = async (sql: string) => await server.psql(sql, { database: 'n8n' });
	const tables = (await ask(`SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`)).split(
		'\n',
	);
	const rows: Record<string, string> = {};
	for (const table of tables) rows[table] = await ask(`SELECT * FROM "${table}" ORDER BY 1`);
	return {
		rows,
		columns: await ask(
			`SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns
			WHERE table_schema = 'public' ORDER BY 1, ordinal_position`,
		),
		indexes: await ask(`SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1`),
		owners: await ask(
			`SELECT relname, relowner::regrole FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1`,
		),
		sequences: await ask('SELECT sequencename, last_value FROM pg_sequences ORDER BY 1'),
	};
};

describe('the document of updates, followed as it is written,', () => {
	it('has no command that is not run here', () => {
		expect([...new Set(blocks.map(({ tag }) => tag))].sort()).toEqual([
			...['back', 'back-data', 'before', 'postgres-new', 'postgres-old'],
		]);
	});

	it('proves a backup before the update, and brings back what was there before it', async () => {
		const { old } = servers;
		const before = await described(old);
		const output = await run('before', old);
		expect(output).toContain('5 of 5 backups passed.');
		expect(output).toMatch(/n8n finds 200 workflows.* Its newest migration is Second2\./);

		await old.psql(
			`INSERT INTO migrations (timestamp, name) VALUES (3, 'Third3'); CREATE TABLE new_in_3 (id int);
			ALTER TABLE workflow_entity DROP COLUMN nodes; DELETE FROM workflow_entity WHERE id > 100`,
			{ database: 'n8n' },
		);
		await redis.cli('SET', 'bull:jobs:id', 'of the new version');

		const back = await run('back', old, { OLD_VERSION: '2.30.1' });
		expect(back).not.toContain('is older');
		expect(await described(old)).toEqual(before);
		expect(await redis.cli('GET', 'bull:jobs:id')).toBe('7');
		expect(await databaseNames(old)).toEqual(['n8n', expect.stringMatching(/^n8n_replaced_/)]);
	});

	it('warns on the way back where the version is older than the backup', async () => {
		await run('before', servers.old);
		expect(await run('back', servers.old, { OLD_VERSION: '2.29.9' })).toContain(
			'The backup is of n8n 2.30.1, and n8n 2.29.9 is to use it, which is older',
		);
	});

	it('brings back n8n’s data folder as it was, and nothing that the new version made', async () => {
		await run('before', servers.old);
		await rename(directory.path('home', '.n8n'), project('n8n-data'));
		await mkdir(project('n8n-data', 'storage'));
		await rm(project('n8n-data', 'config'));
		await run('back-data', servers.old);
		expect(await readdir(project('n8n-data'))).toEqual(['config']);
		expect(await readFile(project('n8n-data', 'config'), 'utf8')).toContain('of-the-test');
	});

	it('takes a database from PostgreSQL 16 to 18, and leaves the old server as it was', async () => {
		const before = await described(servers.old);
		await run('postgres-old', servers.old);
		// As the image makes it.
		await servers.new.createDatabase('n8n', 'OWNER n8n');
		await run('postgres-new', servers.new);
		expect(await described(servers.new)).toEqual(before);
		expect(await databaseNames(servers.new)).toEqual(['n8n', expect.stringMatching(/^n8n_replaced_/)]);
		expect(before.rows.workflow_entity).toContain('Grüße 200');
		expect(await described(servers.old)).toEqual(before);
		expect(await servers.new.psql('SHOW server_version_num')).toMatch(/^18/);
		expect(
			await servers.new.psql(`SELECT reltuples FROM pg_class WHERE relname = 'workflow_entity'`, {
				database: 'n8n',
			}),
		).toBe('200');
	});
});
