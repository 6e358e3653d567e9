import { spawn } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createArtifact } from '../../core/artifact';
import { builtInDump } from '../../core/postgres/dump/builtIn/builtInDump';
import { builtInSnapshot } from '../../core/redis/snapshot/builtInSnapshot';
import { archiveDirectory } from '../../core/volume/archiveDirectory';
import { copyFile } from '../../core/volume/copyFile';
import { libpqEnvironment } from '../../lab/servers/environments';
import { freePort } from '../../lab/servers/freePort';
import { type PostgresServer, startPostgres } from '../../lab/servers/postgres';
import { clientProgram } from '../../lab/servers/postgresBinaries';
import { type RedisServer, startRedis } from '../../lab/servers/redis';
import { connectionTo, requestFor } from '../core/postgres/support/dumps';
import { databaseNames, dropDatabases } from '../core/postgres/support/restoring';
import { command } from '../../lab/command';
import { temporaryDirectory } from '../support/temporaryDirectory';
import { type Block, bashBlocks, readDocument, script } from './support/blocks';
import { installCommand } from './support/follow';
import { dirname } from 'node:path';

jest.setTimeout(120_000);

const directory = temporaryDirectory();
const redisPassword = 'of the test';
let postgres: PostgresServer;
let redis: RedisServer;
let blocks: Block[];

beforeAll(async () => {
	blocks = bashBlocks(await readDocument('restore.md'));
	[postgres, redis] = await Promise.all([startPostgres(), startRedis({ password: redisPassword })]);
}, 60_000);
afterAll(() => Promise.all([postgres.stop(), redis.stop()]));

beforeEach(async () => {
	await mkdir(directory.path('project', 'backups'), { recursive: true });
	await installCommand(directory.path('bin'));
	await fillServers();
	await backUpEverything();
});
afterEach(() => dropDatabases(postgres));

/** As npm links it. */
async function fillServers() {
	await postgres.createDatabase('n8n');
	await postgres.psql(
		`CREATE TABLE workflow_entity (id int PRIMARY KEY, name text);
		CREATE TABLE execution_entity (id int PRIMARY KEY, "workflowId" int REFERENCES workflow_entity);
		INSERT INTO workflow_entity SELECT i, 'Workflow ' || i FROM generate_series(1, 50) AS i;
		INSERT INTO execution_entity SELECT i, i FROM generate_series(1, 20) AS i`,
		{ database: 'n8n' },
	);
	await redis.cli('FLUSHALL');
	await redis.cli('SET', 'bull:jobs:id', '7');
	const data = directory.path('data');
	await mkdir(data);
	await writeFile(`${data}/config`, '{"encryptionKey":"of-the-test"}');
	await writeFile(directory.path('original.env'), 'N8N_ENCRYPTION_KEY=of-the-test\n');
	await writeFile(directory.path('original.yaml'), 'services: {}\n');
}

async function backUpEverything() {
	const signal = new AbortController().signal;
	const common = { root: directory.path('project', 'backups'), timeZone: 'utc', step: 'test' };
	const [gzip, none] = [{ method: 'gzip' }, { method: 'none' }] as const;
	const { host, port } = redis;
	await createArtifact(
		{ ...common, component: 'postgres', prefix: 'n8n', extension: 'sql', compression: gzip },
		builtInDump(connectionTo(postgres), requestFor('n8n')),
		signal,
	);
	await createArtifact(
		{ ...common, component: 'redis', prefix: 'dump', extension: 'rdb', compression: none },
		builtInSnapshot({ host, port, password: redisPassword }),
		signal,
	);
	await createArtifact(
		{ ...common, component: 'n8n', prefix: 'n8n_data', extension: 'tar', compression: gzip },
		archiveDirectory({ directory: directory.path('data') }),
		signal,
	);
	await createArtifact(
		{ ...common, component: 'env', prefix: 'env', extension: 'backup', compression: none },
		copyFile({ path: directory.path('original.env') }),
		signal,
	);
	// As the nightly workflow has it: what is said of a file has to say of which.
	await createArtifact(
		{ ...common, component: 'env', prefix: 'compose', extension: 'backup', compression: none },
		copyFile({ path: directory.path('original.yaml') }),
		signal,
	);
}

/** Runs a tag's commands as they stand in the document, in the project's directory. */
async function follow(tag: string, more: NodeJS.ProcessEnv = {}): Promise<string> {
	const psql = dirname(await clientProgram('psql'));
	const child = spawn('bash', ['-e', '-u', '-o', 'pipefail'], {
		cwd: directory.path('project'),
		stdio: 'pipe',
		env: {
			PATH: [directory.path('bin'), psql, process.env.PATH].join(':'),
			N8N_BACKUP_DIRECTORY: directory.path('project', 'backups'),
			...libpqEnvironment(postgres),
			REDIS_HOST: redis.host,
			REDIS_PORT: String(redis.port),
			REDISCLI_AUTH: redisPassword,
			...more,
		},
	});
	let output = '';
	child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
	child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
	child.stdin.end(script(blocks, tag));
	const exitCode = await new Promise((resolve) => child.once('close', resolve));
	if (exitCode !== 0)
		throw new Error(`The commands of "${tag}" ended with ${exitCode as number}:\n${output}`);
	return output;
}

const count = async (table: string, database = 'n8n') => {
	const [row] = await postgres.query<{ count: string }>(`SELECT count(*) FROM ${table}`, { database });
	return Number(row!.count);
};

describe('the runbook, followed as it is written,', () => {
	it('has no command that is not run here', () => {
		expect(blocks.length).toBeGreaterThan(10);
		expect(blocks.filter(({ tag }) => tag === undefined)).toEqual([]);
		// They need Docker: test/e2e/composeStack.e2e.ts.
		const elsewhere = ['bare-shell', 'files-owner', 'own-copy', 'servers', 'shell', 'start', 'where'];
		const tags = new Set(blocks.map(({ tag }) => tag!).filter((tag) => !elsewhere.includes(tag)));
		expect([...tags].sort()).toEqual([
			...[
				'ask',
				'database',
				'database-gone',
				'everything',
				'everything-files',
				'key',
				'look',
				'off-site',
				'plain',
				'plain-redis',
				'redis',
				'rows',
				// Followed in restoreSqlite.servers.ts.
				...['sqlite-ask', 'sqlite-lost', 'sqlite-rows', 'sqlite-wrong'],
				'table',
			],
		]);
	});

	it('shows what there is, and verifies it', async () => {
		const output = await follow('look');
		expect(output).toMatch(/postgres +n8n_\d{8}_\d{6}\.sql\.gz .* 70 rows in 2 tables +good/);
		expect(output).toContain('5 of 5 backups passed.');
	});

	it('brings everything back when everything is lost', async () => {
		await postgres.query('DROP DATABASE n8n');
		await postgres.createDatabase('n8n');
		await redis.cli('FLUSHALL');
		await follow('everything-files');
		await follow('everything', { N8N_DATA: directory.path('project', 'n8n-data') });
		expect([await count('workflow_entity'), await count('execution_entity')]).toEqual([50, 20]);
		expect(await redis.cli('GET', 'bull:jobs:id')).toBe('7');
		expect(await readFile(directory.path('project', 'n8n-data', 'config'), 'utf8')).toContain('of-the-test');
		expect(await readFile(directory.path('project', '.env'), 'utf8')).toContain('of-the-test');
		expect(await readFile(directory.path('project', 'compose.yaml'), 'utf8')).toBe('services: {}\n');
	});

	it('begins with what lies off-site when the backups are lost, too', async () => {
		const nas = directory.path('nas');
		await mkdir(nas);
		const backups = directory.path('project', 'backups');
		const copied = await command(['copy', '--at', nas], { N8N_BACKUP_DIRECTORY: backups });
		expect(copied.exitCode).toBe(0);
		expect(copied.stdout).toContain('Copied 5 backups');
		await rm(backups, { recursive: true });
		await mkdir(backups);
		await follow('off-site', { OFFSITE: nas });
		expect(await follow('look')).toContain('5 of 5 backups passed.');
	});

	it('replaces a database that is broken, and keeps it', async () => {
		await postgres.psql('DROP TABLE execution_entity; DELETE FROM workflow_entity', { database: 'n8n' });
		await follow('database');
		expect(await count('execution_entity')).toBe(20);
		expect(await databaseNames(postgres)).toEqual(['n8n', expect.stringMatching(/^n8n_replaced_/)]);
	});

	it('brings back a database that is gone', async () => {
		await postgres.query('DROP DATABASE n8n');
		await follow('database-gone');
		expect(await count('execution_entity')).toBe(20);
	});

	it('brings back what Redis held, and leaves a master', async () => {
		await redis.cli('SET', 'bull:jobs:id', 'wrong');
		expect(await follow('redis')).toContain('is a master; there is nothing to release.');
		expect(await redis.cli('GET', 'bull:jobs:id')).toBe('7');
	});

	it('finds the encryption key in both of its backups', async () => {
		const output = await follow('key');
		expect(output).toContain('N8N_ENCRYPTION_KEY=of-the-test');
		expect(output).toContain('{"encryptionKey":"of-the-test"}');
	});

	it('brings back a table that was dropped', async () => {
		await postgres.psql('DROP TABLE workflow_entity CASCADE', { database: 'n8n' });
		await follow('table');
		expect(await count('workflow_entity')).toBe(50);
	});

	it('asks a backup what is in it, and puts the answer back', async () => {
		await postgres.psql('DELETE FROM execution_entity; DELETE FROM workflow_entity WHERE id > 30', {
			database: 'n8n',
		});
		const output = await follow('ask');
		expect(output).toContain('{"id":1,"name":"Workflow 1"}\n{"id":2,"name":"Workflow 2"}\n');
		expect(await count('workflow_entity')).toBe(50);
	});

	it('brings back rows that were deleted, and leaves those that are there', async () => {
		await postgres.psql(
			`DELETE FROM workflow_entity WHERE id > 30; UPDATE workflow_entity SET name = 'newer' WHERE id = 1`,
			{ database: 'n8n' },
		);
		await follow('rows');
		expect(await count('workflow_entity')).toBe(50);
		expect(await count(`workflow_entity WHERE name = 'newer'`)).toBe(1);
	});

	it('needs nothing but plain tools', async () => {
		const restored = directory.path('restored');
		await mkdir(restored);
		const output = await follow('plain', { RESTORED: restored });
		expect(output.match(/: good$/gm)).toHaveLength(5);
		expect(await count('execution_entity', 'restored')).toBe(20);
		expect(await readFile(`${restored}/config`, 'utf8')).toContain('of-the-test');
		expect(await readFile(`${restored}/.env`, 'utf8')).toContain('of-the-test');
	});

	it('starts a Redis on a snapshot with plain tools', async () => {
		const port = await freePort();
		await follow('plain-redis', { REDIS_PORT: String(port) });
		const ask = async (...words: string[]) =>
			await redis.cli('-p', String(port), '--no-auth-warning', ...words);
		let answer = '';
		while (!/^\d+$/.test(answer)) answer = await ask('GET', 'bull:jobs:id').catch(() => '');
		expect(answer).toBe('7');
		await ask('SHUTDOWN', 'NOSAVE').catch(() => {});
	});
});
