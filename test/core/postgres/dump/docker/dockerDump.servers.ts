import type Docker from 'dockerode';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { type Artifact, createArtifact, type OpenSource } from '../../../../../core/artifact';
import type { DockerConnection } from '../../../../../core/docker/connection';
import type { ContainerLogin } from '../../../../../core/postgres/dump/docker/containerProgram';
import { askContainer, dockerDump, dockerGlobals } from '../../../../../core/postgres/dump/docker/dockerDump';
import type { DumpRequest } from '../../../../../core/postgres/dump/dumpRequest';
import { type DockerEngine, startDocker } from '../../../../../lab/servers/docker.ts';
import {
	composeService,
	execute,
	postgresPassword,
	postgresUser,
	psql,
	runContainer,
	runPostgresContainer,
} from '../../../../../lab/servers/dockerContainers.ts';
import { describeDocker } from '../../../docker/support/describeDocker.ts';
import { ownContainers, processes, until } from '../../../docker/support/leftovers.ts';
import { startProxy } from '../../../../../lab/servers/recordingProxy.ts';
import { startStallingProxy, type Trouble } from '../../support/stallingProxy.ts';
import { makeTar } from '../../../volume/support/makeTar';

jest.setTimeout(120_000);

const never = new AbortController().signal;

function request(more: Partial<DumpRequest> = {}): DumpRequest {
	return { database: '', selection: {}, noOwner: false, noPrivileges: false, ...more };
}

describeDocker('A dump by the engine docker', () => {
	let engine: DockerEngine;
	let connection: DockerConnection;
	let server: Docker.Container;
	let home: string;

	beforeAll(async () => {
		home = await mkdtemp(join(tmpdir(), 'docker-dump-'));
		engine = await startDocker();
		connection = { kind: 'socket', path: engine.socketPath };
		server = await runPostgresContainer(engine, {
			name: 'shop-postgres-1',
			labels: composeService('shop', 'postgres'),
			auth: 'scram-sha-256',
		});
		await psql(
			server,
			`CREATE TABLE "Upper case" (id int PRIMARY KEY, note text);
			INSERT INTO "Upper case" SELECT g, repeat('ä\\', g % 7) FROM generate_series(1, 5000) g;
			CREATE TABLE empty (); CREATE ROLE reader PASSWORD 'for readers';
			CREATE TABLE big AS SELECT g, md5(g::text) || repeat('n8n ', 40) AS data FROM generate_series(1, 200000) g`,
		);
	});
	afterEach(async () => {
		expect((await processes(server)).filter((name) => name.includes('pg_dump'))).toEqual([]);
		expect(await ownContainers(engine)).toEqual([]);
	});
	afterAll(async () => {
		await engine?.stop();
		await rm(home, { recursive: true, force: true });
	});

	async function backUp(
		open: OpenSource,
		signal = never,
		onBytes?: (bytes: number) => void,
	): Promise<Artifact> {
		const root = await mkdtemp(join(home, 'backups-'));
		try {
			return await createArtifact(
				{
					root,
					component: 'postgres',
					prefix: 'n8n',
					extension: 'sql',
					compression: { method: 'gzip', level: 1 },
					timeZone: 'UTC',
					step: 'Dumping',
					onProgress: ({ rawBytes }) => onBytes?.(rawBytes),
				},
				open,
				signal,
			);
		} catch (error) {
			// Whatever went wrong, nothing stays.
			expect(await readdir(join(root, 'postgres'))).toEqual([]);
			throw error;
		}
	}

	const sql = async ({ path }: Artifact) => gunzipSync(await readFile(path)).toString();

	it('is what the container’s own pg_dump writes, by the log-in that its environment names', async () => {
		const artifact = await backUp(dockerDump(connection, 'postgres', request()));
		const own = await execute(server, ['pg_dump', '-d', 'appdb'], {
			PGUSER: postgresUser,
			PGPASSWORD: postgresPassword,
		});
		const withoutKeys = (dump: string) => dump.replace(/^\\(un)?restrict .*$/gm, '').trim();
		expect(withoutKeys(await sql(artifact))).toBe(withoutKeys(own));
		expect(artifact.manifest).toMatchObject({
			source: {
				container: 'shop-postgres-1',
				database: 'appdb',
				serverVersion: expect.stringMatching(/^\d+/),
			},
			engine: { name: 'docker', version: expect.stringMatching(/^pg_dump \d+/) },
			census: {
				kind: 'postgres',
				tables: { 'public."Upper case"': 5000, 'public.empty': 0, 'public.big': 200_000 },
			},
			warnings: [],
		});
		expect(JSON.stringify(artifact.manifest)).not.toContain(postgresPassword);
	});

	it('can be restored by the container’s own psql', async () => {
		const artifact = await backUp(dockerDump(connection, 'postgres', request()));
		await psql(server, 'CREATE DATABASE copy', 'postgres');
		const tar = makeTar({ name: 'dump.sql', content: await sql(artifact) });
		await server.putArchive(tar, { path: '/tmp' });
		await execute(server, ['psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-d', 'copy', '-f', '/tmp/dump.sql'], {
			PGUSER: postgresUser,
			PGPASSWORD: postgresPassword,
		});
		const sum = 'SELECT count(*), md5(string_agg(note, $$,$$ ORDER BY id)) FROM "Upper case"';
		expect(await psql(server, sum, 'copy')).toBe(await psql(server, sum));
		await psql(server, 'DROP DATABASE copy', 'postgres');
	});

	it('can be of another database, with any legal name, and of chosen tables', async () => {
		const name = `O'Brien "quoted" =host dbname`;
		await psql(server, `CREATE DATABASE "${name.replaceAll('"', '""')}"`, 'postgres');
		const empty = await backUp(dockerDump(connection, 'postgres', request({ database: name })));
		expect(empty.manifest.source.database).toBe(name);
		expect(empty.manifest.warnings).toEqual([`The dump of “${name}” holds no tables`]);
		const selection = { tables: ['"Upper case"'] };
		const chosen = await backUp(dockerDump(connection, 'postgres', request({ selection, noOwner: true })));
		expect(chosen.manifest.census).toMatchObject({ tables: { 'public."Upper case"': 5000 }, rows: 5000 });
		expect(await sql(chosen)).not.toContain('OWNER TO');
		await psql(server, 'CREATE DATABASE n8n_backup_drill_20261123t020000_0a1b2c', 'postgres');
		expect((await askContainer(connection, 'postgres', never)).databases).toEqual({
			names: [name, 'appdb', 'postgres'],
			skipped: [expect.stringContaining('it is the scratch database of a drill')],
		});
		await psql(server, 'DROP DATABASE n8n_backup_drill_20261123t020000_0a1b2c', 'postgres');
		await psql(server, `DROP DATABASE "${name.replaceAll('"', '""')}"`, 'postgres');
	});

	it('has roles and tablespaces in an artifact of their own', async () => {
		const artifact = await backUp(dockerGlobals(connection, 'postgres'));
		const globals = await sql(artifact);
		expect(globals).toContain('CREATE ROLE reader');
		expect(globals).toMatch(/ALTER ROLE reader .* PASSWORD 'SCRAM-SHA-256\$/);
		expect(artifact.manifest).toMatchObject({
			source: { container: 'shop-postgres-1' },
			engine: { name: 'docker', version: expect.stringMatching(/^pg_dumpall \d+/) },
		});
	});

	it('reads user and password from the files that the environment names, inside the container', async () => {
		const files = { POSTGRES_PASSWORD_FILE: '/tmp/secret', POSTGRES_PASSWORD: '' };
		const other = await runPostgresContainer(engine, {
			name: 'files',
			auth: 'scram-sha-256',
			environment: files,
		});
		const write = 'printf "%s\\n" "$SERVER_PASSWORD" > /tmp/secret';
		await execute(other, ['sh', '-c', write]);
		const { manifest } = await backUp(dockerDump(connection, 'files', request()));
		expect(manifest.source.database).toBe('appdb');
		await other.remove({ force: true });
	});

	it('sends no password over the wire, neither way', async () => {
		const proxy = await startProxy(engine.socketPath);
		const through: DockerConnection = { kind: 'tcp', host: '127.0.0.1', port: proxy.port };
		await backUp(dockerDump(through, 'postgres', request({ selection: { tables: ['empty'] } })));
		await proxy.close();
		expect(proxy.traffic()).toContain('CREATE TABLE public.empty');
		expect(proxy.traffic()).not.toContain('never leaves');
	});

	it.each<
		[what: string, reference: string, more: Partial<DumpRequest>, login: ContainerLogin, message: RegExp]
	>([
		['a missing container', 'mysql', {}, {}, /^No container has the name, id or Compose service “mysql”\./],
		[
			'a missing database',
			'postgres',
			{ database: 'none' },
			{},
			/database "none" does not exist\. .*capitals count/,
		],
		['a wrong user', 'postgres', {}, { user: 'nobody' }, /authentication failed for user "nobody"/],
		[
			'a missing table',
			'postgres',
			{ selection: { tables: ['none'] } },
			{},
			/No table of “appdb” matches “none”/,
		],
	])('says what is wrong with %s', async (_, reference, more, login, message) => {
		const attempt = backUp(dockerDump(connection, reference, request(more), login));
		await expect(attempt).rejects.toThrow(message);
		await expect(attempt).rejects.not.toThrow(postgresPassword);
	});

	it('says so where the container is no PostgreSQL server', async () => {
		const other = await runContainer(engine, ['sleep', '1000'], {
			name: 'other',
			environment: { PATH: '/usr/bin' },
		});
		await expect(backUp(dockerDump(connection, 'other', request()))).rejects.toThrow(
			/^The container other cannot run PostgreSQL’s programs: .*psql.*not found/,
		);
		await other.remove({ force: true });
	});

	it('says so where the container is paused, stopped or restarting', async () => {
		await server.pause();
		await expect(backUp(dockerDump(connection, 'postgres', request()))).rejects.toThrow(
			'The container shop-postgres-1 is paused, so no command can be run in it. Resume it with docker unpause shop-postgres-1',
		);
		await server.unpause();
		const stopped = await runContainer(engine, ['sleep', '0'], { name: 'stopped' });
		await stopped.wait();
		await expect(backUp(dockerDump(connection, 'stopped', request()))).rejects.toThrow(
			'The container stopped is stopped',
		);
		const loop = await runContainer(engine, ['sh', '-c', 'exit 1'], { name: 'loop', restart: 'always' });
		await until('it restarts', async () => (await loop.inspect()).State.Restarting);
		await expect(backUp(dockerDump(connection, 'loop', request()))).rejects.toThrow(
			/^The container loop (is restarting again and again|is stopped|cannot run)/,
		);
		await loop.remove({ force: true });
	});

	it('is given up wherever the stream through the engine falls silent', async () => {
		const dumpThrough = async (troubleOf: (connection: number) => Trouble | undefined) => {
			const proxy = await startStallingProxy({ path: engine.socketPath }, troubleOf);
			const place = { kind: 'tcp', host: '127.0.0.1', port: proxy.port } as const;
			const open = dockerDump(place, 'postgres', request({ idleTimeoutMs: 1_500 }));
			const [outcome] = await Promise.allSettled([backUp(open)]);
			await proxy.close();
			return { outcome, received: proxy.received() };
		};
		const whole = await dumpThrough(() => undefined);
		expect(whole.outcome.status).toBe('fulfilled');
		const main = whole.received.indexOf(Math.max(...whole.received));
		for (const part of [0.001, Math.random(), 0.99]) {
			const stallAt = Math.floor(whole.received[main]! * part);
			const { outcome } = await dumpThrough((number) => (number === main ? { stallAt } : undefined));
			expect({ stallAt, ...outcome }).toMatchObject({
				status: 'rejected',
				reason: {
					code: 'unreachable',
					message: expect.stringMatching(/^PostgreSQL at shop-postgres-1:5432 has been silent for 2 seconds/),
				},
			});
		}
	});

	it('waits for a lock for longer than the idle time-out', async () => {
		const locker = psql(server, 'BEGIN; LOCK TABLE big; SELECT pg_sleep(6)');
		const locks = `SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted`;
		await until('the table is locked', async () => (await psql(server, locks)) !== '0');
		const artifact = await backUp(dockerDump(connection, 'postgres', request({ idleTimeoutMs: 700 })));
		expect(artifact.manifest.census).toMatchObject({ rows: 205_000 });
		await locker;
	});

	it('that is cancelled leaves no file and no pg_dump', async () => {
		const cancel = new AbortController();
		const open = dockerDump(connection, 'postgres', request());
		await expect(backUp(open, cancel.signal, (bytes) => bytes > 1_000_000 && cancel.abort())).rejects.toThrow(
			'cancelled',
		);
	});

	it('that waits for a lock, saying nothing, ends when it is cancelled', async () => {
		const locker = psql(server, 'BEGIN; LOCK TABLE big; SELECT pg_sleep(60)').catch(() => '');
		await until(
			'the table is locked',
			async () =>
				(await psql(
					server,
					`SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted`,
				)) !== '0',
		);
		const cancel = new AbortController();
		const dumping = backUp(dockerDump(connection, 'postgres', request()), cancel.signal);
		dumping.catch(() => {});
		await until(
			'pg_dump waits',
			async () => (await psql(server, 'SELECT count(*) FROM pg_locks WHERE NOT granted')) === '1',
		);
		cancel.abort();
		await expect(dumping).rejects.toThrow('cancelled');
		await psql(server, `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE mode = 'AccessExclusiveLock'`);
		await locker;
	});

	it('that is killed half way leaves no file and says so', async () => {
		let isKilled = false;
		const kill = async () => {
			if (isKilled) return;
			isKilled = true;
			const script =
				'for p in /proc/[0-9]*; do read -r c < $p/comm; [ "$c" = pg_dump ] && kill -9 ${p#/proc/}; done; exit 0';
			await execute(server, ['sh', '-c', script]);
		};
		const attempt = backUp(dockerDump(connection, 'postgres', request()), never, () => void kill());
		await expect(attempt).rejects.toThrow(
			/^pg_dump failed on the database “appdb” of PostgreSQL at shop-postgres-1:5432: it was killed/,
		);
	});

	it('whose server is ended half way passes the server’s words on', async () => {
		const other = await runPostgresContainer(engine, { name: 'short-lived' });
		await psql(
			other,
			`CREATE TABLE big AS SELECT g, md5(g::text) || repeat('n8n ', 40) AS data FROM generate_series(1, 200000) g`,
		);
		let isEnded = false;
		const end = async () => {
			if (isEnded) return;
			isEnded = true;
			await psql(
				other,
				`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'n8n-nodes-backup %'`,
			);
		};
		await expect(
			backUp(dockerDump(connection, 'short-lived', request()), never, () => void end()),
		).rejects.toThrow(
			/terminating connection|closed the connection unexpectedly|no connection to the server/,
		);
		await other.remove({ force: true });
	});

	it('whose container is removed half way fails', async () => {
		const other = await runPostgresContainer(engine, { name: 'doomed' });
		await psql(
			other,
			`CREATE TABLE big AS SELECT g, md5(g::text) || repeat('n8n ', 40) AS data FROM generate_series(1, 200000) g`,
		);
		let removal: Promise<unknown> | undefined;
		const remove = () => (removal ??= other.remove({ force: true }));
		await expect(
			backUp(dockerDump(connection, 'doomed', request()), never, () => void remove()),
		).rejects.toThrow();
		await removal;
	});

	it('is read no faster than it is written', async () => {
		const source = await dockerDump(connection, 'postgres', request())(never);
		await new Promise((resolve) => source.stream.once('readable', resolve));
		await until(
			'pg_dump waits for its reader',
			async () =>
				(await psql(
					server,
					`SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'n8n-nodes-backup %' AND wait_event = 'ClientWrite'`,
				)) === '1',
		);
		expect(source.stream.readableLength).toBeLessThan(2 * 1024 * 1024);
		expect(await text(source.stream)).toContain('PostgreSQL database dump complete');
		expect((await source.finished).census).toMatchObject({ rows: 205_000 });
	});
});
