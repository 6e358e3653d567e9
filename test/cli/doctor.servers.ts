import { mkdir, writeFile } from 'node:fs/promises';
import type { Finding } from '../../core/doctor/finding';
import { queueModeEnvironment } from '../../lab/servers/environments';
import { freePort } from '../../lab/servers/freePort';
import { type PostgresServer, startPostgres } from '../../lab/servers/postgres';
import { type RedisServer, startRedis } from '../../lab/servers/redis';
import { command } from '../../lab/command';
import { temporaryDirectory } from '../support/temporaryDirectory';

jest.setTimeout(60_000);

const directory = temporaryDirectory();
let postgres: PostgresServer;
let redis: RedisServer;

beforeAll(async () => {
	[postgres, redis] = await Promise.all([startPostgres(), startRedis({ password: 'of redis' })]);
	await postgres.createDatabase('n8n');
	await postgres.psql(
		'CREATE TABLE credentials_entity (id int, data text, type text, "updatedAt" timestamptz)',
		{ database: 'n8n' },
	);
}, 60_000);
afterAll(() => Promise.all([postgres.stop(), redis.stop()]));

beforeEach(async () => {
	await mkdir(directory.path('backups'));
	await mkdir(directory.path('home', '.n8n'), { recursive: true });
	await writeFile(directory.path('home', '.n8n', 'config'), '{"encryptionKey":"a secret key"}');
});

const doctor = async (args: string[] = [], env: NodeJS.ProcessEnv = {}) =>
	await command(['doctor', ...args], {
		N8N_BACKUP_DIRECTORY: directory.path('backups'),
		HOME: directory.path('home'),
		...queueModeEnvironment(postgres, redis),
		OFFLOAD_MANUAL_EXECUTIONS_TO_WORKERS: 'true',
		N8N_REINSTALL_MISSING_PACKAGES: 'true',
		N8N_UNVERIFIED_PACKAGES_ENABLED: 'true',
		GENERIC_TIMEZONE: 'Europe/Berlin',
		...env,
	});

describe('n8n-backup doctor', () => {
	it('ends with 0 where nothing failed, says what it tried, and shows no secret', async () => {
		const { exitCode, stdout, stderr } = await doctor();
		expect([exitCode, stderr]).toEqual([0, '']);
		expect(stdout).toContain(
			'✓ backup directory: A file was written, synced, renamed, read back and removed in',
		);
		expect(stdout).toMatch(/^✓ PostgreSQL: PostgreSQL at 127\.0\.0\.1:\d+ is PostgreSQL/m);
		expect(stdout).toContain('✓ Redis: rights: default may take snapshots, as ACL DRYRUN says.');
		expect(stdout).toMatch(/\d+ checks: \d+ passed, 0 failed, \d+ unknown\.\n$/);
		for (const secret of ['a secret key', postgres.password, 'of redis'])
			expect(stdout).not.toContain(secret);
	});

	it('ends with 1 where something failed, with what to do', async () => {
		const { exitCode, stdout } = await doctor([], {
			OFFLOAD_MANUAL_EXECUTIONS_TO_WORKERS: undefined,
			QUEUE_BULL_REDIS_PORT: String(await freePort()),
		});
		expect(exitCode).toBe(1);
		expect(stdout).toContain(
			'✗ OFFLOAD_MANUAL_EXECUTIONS_TO_WORKERS: It is not set: a run by hand proves main',
		);
		expect(stdout).toContain('    Set OFFLOAD_MANUAL_EXECUTIONS_TO_WORKERS=true for n8n and every worker.');
		expect(stdout).toContain('✗ Redis: Nothing answers at Redis at');
		expect(stdout).toContain('? Redis: rights: The server could not be asked.');
	});

	it('has the same checks in the same order, whatever they find', async () => {
		const checks = async (env: NodeJS.ProcessEnv) => {
			const { stdout } = await doctor(['--json'], env);
			return (JSON.parse(stdout) as Finding[]).map(({ check }) => check);
		};
		const all = await checks({});
		expect(await checks({ DB_TYPE: undefined, EXECUTIONS_MODE: undefined })).toEqual(all);
		expect(await checks({ DB_POSTGRESDB_PORT: String(await freePort()) })).toEqual(all);
		expect(new Set(all).size).toBe(all.length);
	});

	it('tries keys: what is encrypted for a recipient is read with its identity, or it is not', async () => {
		const pair = async () =>
			JSON.parse((await command(['keygen', '--json'])).stdout) as Record<string, string>;
		const [mine, other] = [await pair(), await pair()];
		await writeFile(directory.path('mine'), mine.identity!);
		await writeFile(directory.path('other'), other.identity!);
		const result = async (identity: string) => {
			const args = ['--json', '--recipient', mine.recipient!, '--identity', directory.path(identity)];
			const findings = JSON.parse((await doctor(args)).stdout) as Finding[];
			return findings.find(({ check }) => check === 'encryption')!.result;
		};
		expect([await result('mine'), await result('other')]).toEqual(['passed', 'failed']);
	});
});
