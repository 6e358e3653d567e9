import { randomBytes } from 'node:crypto';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import type { NodeToRun } from '../../lab/nodeEngine/nodeEngine';
import { type PostgresServer, startPostgres } from '../../lab/servers/postgres';
import { type RedisServer, startRedis } from '../../lab/servers/redis';
import { eventually } from '../support/eventually';
import { describeEngines } from './support/engines';

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

	const files = async () =>
		(await readdir(backupDirectory, { recursive: true, withFileTypes: true }))
			.filter((entry) => entry.isFile())
			.map(({ name }) => name);

	/** Stops what runs once it is in the middle of its work. */
	async function stopWhen(running: ReturnType<typeof run>, inTheMiddle: () => unknown): Promise<void> {
		await Promise.race([eventually(inTheMiddle), running]);
		n8n().engine.cancel();
		expect(await running).toMatchObject({ status: 'canceled' });
	}

	test.each(['stopWorkflow', 'continueErrorOutput'] as const)(
		'that waits for a lock to back up a database (%s) leaves no file and no session',
		async (onError) => {
			const locker = new pg.Client({ connectionString: postgres.url('app') });
			await locker.connect();
			try {
				await locker.query('BEGIN; LOCK TABLE item');
				await stopWhen(run('postgresBackup', { operation: 'backUp' }, onError), async () => {
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
		await stopWhen(run('postgresBackup', parameters), async () =>
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
			await stopWhen(running, () => undefined);
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
		await stopWhen(running, async () =>
			expect(await files()).toEqual([expect.stringMatching(/\.partial$/) as string]),
		);
		expect(await files()).toEqual([]);
	});
});
