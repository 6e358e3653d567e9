import { execFileSync, spawn } from 'node:child_process';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createArtifact } from '../../core/artifact';
import { builtInDump } from '../../core/postgres/dump/builtIn/builtInDump';
import { builtInSnapshot } from '../../core/redis/snapshot/builtInSnapshot';
import { archiveDirectory } from '../../core/volume/archiveDirectory';
import { copyFile } from '../../core/volume/copyFile';
import { libpqEnvironment } from '../../lab/servers/environments';
import { type PostgresServer, startPostgres } from '../../lab/servers/postgres';
import { type RedisServer, startRedis } from '../../lab/servers/redis';
import { connectionTo, requestFor } from '../core/postgres/support/dumps';
import { dropDatabases } from '../core/postgres/support/restoring';
import { sqlite3 } from '../core/volume/sqlite/support/processes';
import { program } from '../../lab/command';
import { temporaryDirectory } from '../support/temporaryDirectory';
import { type Block, bashBlocks, readDocument, script } from './support/blocks';

jest.setTimeout(120_000);

const directory = temporaryDirectory();
let postgres: PostgresServer;
let redis: RedisServer;
let blocks: Block[];

beforeAll(async () => {
	blocks = bashBlocks(await readDocument('encryption.md'));
	[postgres, redis] = await Promise.all([startPostgres(), startRedis()]);
	await postgres.createDatabase('n8n');
	await postgres.psql(
		`CREATE TABLE workflow_entity (id int PRIMARY KEY, name text);
		INSERT INTO workflow_entity SELECT i, 'Workflow ' || i FROM generate_series(1, 50) AS i`,
		{ database: 'n8n' },
	);
	await redis.cli('SET', 'bull:jobs:id', '7');
}, 60_000);

afterAll(async () => {
	await dropDatabases(postgres);
	await Promise.all([postgres.stop(), redis.stop()]);
});

/** Runs a tag's commands as they stand in the document, in the project's directory. */
async function follow(tag: string): Promise<string> {
	const child = spawn('bash', ['-e', '-u', '-o', 'pipefail'], {
		cwd: directory.path('project'),
		stdio: 'pipe',
		env: {
			PATH: [directory.path('bin'), process.env.PATH].join(':'),
			N8N_BACKUP_DIRECTORY: directory.path('project', 'backups'),
			...libpqEnvironment(postgres),
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

async function backUpEverything(recipient: string) {
	const signal = new AbortController().signal;
	const encryption = { recipients: [recipient] };
	const common = { root: directory.path('project', 'backups'), timeZone: 'utc', step: 'test', encryption };
	const [gzip, none] = [{ method: 'gzip' }, { method: 'none' }] as const;
	const { host, port } = redis;
	const make = createArtifact;
	await make(
		{ ...common, component: 'postgres', prefix: 'n8n', extension: 'sql', compression: gzip },
		builtInDump(connectionTo(postgres), requestFor('n8n')),
		signal,
	);
	await make(
		{ ...common, component: 'redis', prefix: 'dump', extension: 'rdb', compression: none },
		builtInSnapshot({ host, port }),
		signal,
	);
	await mkdir(directory.path('data'));
	await writeFile(directory.path('data', 'config'), '{"encryptionKey":"of-the-test"}');
	sqlite3(directory.path('data', 'database.sqlite'), 'CREATE TABLE t (a); INSERT INTO t VALUES (1);');
	await make(
		{ ...common, component: 'n8n', prefix: 'n8n_data', extension: 'tar', compression: gzip },
		archiveDirectory({ directory: directory.path('data') }),
		signal,
	);
	await writeFile(directory.path('original.env'), 'N8N_ENCRYPTION_KEY=of-the-test\n');
	await make(
		{ ...common, component: 'env', prefix: 'env', extension: 'backup', compression: none },
		copyFile({ path: directory.path('original.env') }),
		signal,
	);
	await writeFile(directory.path('original.yaml'), 'services: {}\n');
	await make(
		{ ...common, component: 'env', prefix: 'compose', extension: 'backup', compression: none },
		copyFile({ path: directory.path('original.yaml') }),
		signal,
	);
}

test('the document’s commands make keys, and restore by this package and by hand', async () => {
	await mkdir(directory.path('project', 'backups'), { recursive: true });
	await mkdir(directory.path('project', 'n8n-data'));
	await mkdir(directory.path('bin'));
	await writeFile(
		directory.path('bin', 'n8n-backup'),
		`#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`,
	);
	await chmod(directory.path('bin', 'n8n-backup'), 0o755);
	expect(blocks.map(({ tag }) => tag)).toEqual(['keygen', 'command', 'by-hand']);

	expect(await follow('keygen')).not.toContain('AGE-SECRET-KEY-1');
	const keyFile = await readFile(directory.path('project', 'n8n-backups.key'), 'utf8');
	await backUpEverything(/age1\S+/.exec(keyFile)![0]);

	const said = await follow('command');
	expect(said).toContain('5 of 5 backups passed.');
	expect(await readFile(directory.path('project', 'restored.env'), 'utf8')).toBe(
		'N8N_ENCRYPTION_KEY=of-the-test\n',
	);
	expect(await readFile(directory.path('project', 'restored-data', 'config'), 'utf8')).toContain(
		'of-the-test',
	);
	const query = 'SELECT count(*) FROM workflow_entity';
	expect(await postgres.psql(query, { database: 'restored' })).toBe('50');

	await follow('by-hand');
	await postgres.createDatabase('by_hand');
	await postgres.psql(await readFile(directory.path('project', 'n8n.sql'), 'utf8'), { database: 'by_hand' });
	expect(await postgres.psql(query, { database: 'by_hand' })).toBe('50');
	const rdb = execFileSync('redis-check-rdb', [directory.path('project', 'dump.rdb')], { encoding: 'utf8' });
	expect(rdb).toContain('RDB looks OK');
	expect(await readFile(directory.path('project', 'n8n-data', 'config'), 'utf8')).toContain('of-the-test');
	expect(await readFile(directory.path('project', '.env'), 'utf8')).toBe('N8N_ENCRYPTION_KEY=of-the-test\n');
});
