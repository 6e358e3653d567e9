import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, readlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import type { NodeToRun } from '../../lab/nodeEngine/nodeEngine';
import { type PostgresServer, startPostgres } from '../../lab/servers/postgres';
import { type RedisServer, startRedis } from '../../lab/servers/redis';
import { eventually } from '../../lab/eventually';
import { describeEngines } from './support/engines';
import { expectOnlyPartial, filesBelow, stopWhen } from './support/stopWhen';

jest.setTimeout(120_000);

let postgres: PostgresServer;
let redis: RedisServer;

beforeAll(async () => {
	[postgres, redis] = await Promise.all([startPostgres({ major: 17 }), startRedis()]);
	await postgres.createDatabase('app');
	await postgres.psql(
		'CREATE TABLE item (id int, text text); INSERT INTO item SELECT g, repeat(md5(g::text), 20) FROM generate_series(1, 100000) g',
		{ database: 'app' },
	);
});

afterAll(async () => {
	await postgres?.stop();
	await redis?.stop();
});

const sessions = async () =>
	Number(
		await postgres.psql(
			"SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
		),
	);
const databases = async () => await postgres.psql('SELECT datname FROM pg_database ORDER BY 1');

/** The files that a process has open. */
async function openFilesOf(pid: number): Promise<string[]> {
	const descriptors = `/proc/${pid}/fd`;
	const links = (await readdir(descriptors)).map(
		async (name) => await readlink(join(descriptors, name)).catch(() => ''),
	);
	return await Promise.all(links);
}

/** The SHA-256 of every file below a directory. */
async function fingerprintsBelow(directory: string): Promise<Map<string, string>> {
	const entries = await readdir(directory, { recursive: true, withFileTypes: true });
	const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
	const hash = async (path: string) =>
		createHash('sha256')
			.update(await readFile(path))
			.digest('hex');
	return new Map(await Promise.all(paths.map(async (path) => [path, await hash(path)] as const)));
}

describeEngines('stopping an execution', (n8n) => {
	let backupDirectory: string;

	beforeEach(async () => {
		backupDirectory = join(await n8n().allowed(), 'backups');
		await mkdir(backupDirectory);
	});

	const run = async (node: string, parameters: object, onError?: NodeToRun['onError']) =>
		await n8n().engine.run({
			node,
			parameters: { backupDirectory, ...parameters },
			credentials: {
				postgres: {
					...{ host: postgres.host, port: postgres.port, user: postgres.user },
					...{ password: postgres.password, database: 'app', ssl: 'disable' },
				},
				redis: { host: redis.host, port: redis.port },
			},
			onError,
		});

	const files = async () => await filesBelow(backupDirectory);
	const stop = async (running: ReturnType<typeof run>, inTheMiddle: () => unknown) =>
		await stopWhen(n8n().engine, running, inTheMiddle);

	test.each(['stopWorkflow', 'continueErrorOutput'] as const)(
		'that waits for a lock to back up a database (%s) leaves no file and no session',
		async (onError) => {
			const locker = new pg.Client({ connectionString: postgres.url('app') });
			await locker.connect();
			try {
				await locker.query('BEGIN; LOCK TABLE item');
				await stop(run('postgresBackup', { operation: 'backUp' }, onError), async () => {
					const waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
					expect(await postgres.psql(waiting)).toBe('1');
				});
				expect(await files()).toEqual([]);
				await eventually(async () => expect(await sessions()).toBe(1));
			} finally {
				await locker.end();
			}
		},
	);

	test.each([
		['restores into a new database', { operation: 'restore', target: 'new', newDatabase: 'fresh' }],
		['drills a backup', { operation: 'drill', drillPlace: 'server' }],
	])('that %s leaves no database and no session', async (_what, parameters) => {
		expect(await run('postgresBackup', { operation: 'backUp' })).toMatchObject({ status: 'success' });
		const before = { databases: await databases(), files: await files() };
		await stop(run('postgresBackup', parameters), async () =>
			expect(await databases()).not.toBe(before.databases),
		);
		await eventually(async () => expect(await sessions()).toBe(0));
		expect({ databases: await databases(), files: await files() }).toEqual(before);
	});

	test('that waits for Redis leaves no file', async () => {
		process.kill(redis.pid, 'SIGSTOP');
		try {
			const running = run('redisSnapshot', { operation: 'takeSnapshot' });
			await new Promise((resolve) => setTimeout(resolve, 500));
			await stop(running, () => undefined);
			expect(await files()).toEqual([]);
		} finally {
			process.kill(redis.pid, 'SIGCONT');
		}
	});

	test('that archives a directory leaves no file', async () => {
		const directory = join(await n8n().allowed(), 'data');
		await mkdir(directory);
		await writeFile(join(directory, 'large'), randomBytes(64 * 1024 * 1024));
		const options = { compressionLevel: 19 };
		const running = run('volumeArchive', { operation: 'archive', directory, compression: 'zstd', options });
		await stop(running, async () => await expectOnlyPartial(backupDirectory));
		expect(await files()).toEqual([]);
	});

	test('that copies a file leaves none', async () => {
		const file = join(await n8n().allowed(), 'large');
		await writeFile(file, '');
		// Sparse: what it holds is read as zeros.
		await truncate(file, 4 * 1024 ** 3);
		const running = run('volumeArchive', { operation: 'copyFile', file });
		await stop(running, async () => await expectOnlyPartial(backupDirectory));
		expect(await files()).toEqual([]);
	});

	test('that verifies a backup leaves the backup and its manifest as they were', async () => {
		const directory = join(await n8n().allowed(), 'data');
		await mkdir(directory);
		await writeFile(join(directory, 'large'), '');
		await truncate(join(directory, 'large'), 2 * 1024 ** 3);
		expect(
			await run('volumeArchive', { operation: 'archive', directory, compression: 'zstd' }),
		).toMatchObject({
			status: 'success',
		});
		const before = await fingerprintsBelow(backupDirectory);
		const [path] = [...before.keys()].filter((name) => name.endsWith('.zst'));
		await stop(run('volumeArchive', { operation: 'verify' }), async () =>
			expect(await openFilesOf(n8n().engine.pid)).toContain(path),
		);
		expect(await fingerprintsBelow(backupDirectory)).toEqual(before);
		await eventually(async () => expect(await openFilesOf(n8n().engine.pid)).not.toContain(path));
	});

	test('that restores a Redis leaves a server of its own, with its data, and the safety copy', async () => {
		const fill = "for i = 1, 300000 do redis.call('SET', 'key:' .. i, string.rep(i, 80)) end";
		await redis.cli('EVAL', fill, '0');
		expect(await run('redisSnapshot', { operation: 'takeSnapshot' })).toMatchObject({ status: 'success' });
		const before = await files();
		const running = run('redisSnapshot', { operation: 'restore', confirmation: 'replace' });
		await stop(running, async () => expect(await redis.cli('INFO', 'replication')).toContain('role:slave'));
		await eventually(async () => {
			expect(await redis.cli('INFO', 'replication')).toContain('role:master');
			expect(await redis.cli('DBSIZE')).toBe('300000');
		});
		const after = await files();
		expect(after).toEqual(expect.arrayContaining(before));
		expect(after.filter((name) => name.endsWith('.partial'))).toEqual([]);
	});
});
