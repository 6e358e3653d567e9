import { execFile } from 'node:child_process';
import type Docker from 'dockerode';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { DockerConnection } from '../../../../../core/docker/connection';
import type { BackupError } from '../../../../../core/errors';
import type { ContainerLogin } from '../../../../../core/postgres/dump/docker/containerProgram';
import { dockerDump } from '../../../../../core/postgres/dump/docker/dockerDump';
import type { DumpRequest } from '../../../../../core/postgres/dump/dumpRequest';
import { type DockerEngine, startDocker } from '../../../../../lab/servers/docker.ts';
import { psql, runPostgresContainer } from '../../../../../lab/servers/dockerContainers.ts';
import { describeDocker } from '../../../docker/support/describeDocker.ts';
import { until } from '../../../docker/support/leftovers.ts';
import { readDump, requestFor } from '../../support/dumps';

jest.setTimeout(120_000);

const run = promisify(execFile);

describeDocker('By the engine docker', () => {
	let engine: DockerEngine;
	let connection: DockerConnection;
	let home: string;

	beforeAll(async () => {
		home = await mkdtemp(join(tmpdir(), 'docker-servers-'));
		await chmod(home, 0o755);
		engine = await startDocker();
		connection = { kind: 'socket', path: engine.socketPath };
	});
	afterAll(async () => {
		await engine?.stop();
		await rm(home, { recursive: true, force: true });
	});

	const dump = async (container: string, request: Partial<DumpRequest> = {}, login: ContainerLogin = {}) =>
		await readDump(dockerDump(connection, container, requestFor('', request), login));

	const failureOf = async (attempt: Promise<unknown>) =>
		await attempt.then(
			() => undefined,
			({ code, message }: BackupError) => ({ code, message }),
		);

	describe('a server that speaks German', () => {
		let server: Docker.Container;

		beforeAll(async () => {
			await run('localedef', ['-i', 'de_DE', '-f', 'UTF-8', join(home, 'de_DE.UTF-8')]);
			server = await runPostgresContainer(engine, {
				name: 'german',
				environment: { LOCPATH: '/locales' },
				volumes: { [home]: '/locales', '/usr/share/locale/de': '/usr/share/locale/de' },
			});
			await psql(server, `ALTER SYSTEM SET lc_messages = 'de_DE.UTF-8'`);
			await psql(
				server,
				`SELECT pg_reload_conf(); CREATE TABLE big AS SELECT n, repeat(md5(n::text), 30) AS text FROM generate_series(1, 60000) n;
				CREATE TABLE gone AS SELECT 1 AS a;
				CREATE ROLE clerk LOGIN; CREATE ROLE hermit LOGIN CONNECTION LIMIT 0`,
			);
		});

		test('does so', async () => {
			await expect(psql(server, 'SELECT x')).rejects.toThrow('Spalte »x« existiert nicht');
		});

		const place = 'PostgreSQL at german:5432';
		const socket = 'connection to server on socket "/var/run/postgresql/.s.PGSQL.5432" failed: FATAL:  ';

		test('and has no such database', async () => {
			expect(await failureOf(dump('german', { database: 'no such one' }))).toEqual({
				code: 'not-found',
				message:
					`pg_dump failed on the database “no such one” of ${place}: error: ${socket}Datenbank >>no such one<< existiert nicht. ` +
					'Correct the name of the database; capitals count.',
			});
		});

		test.each([
			['nobody at all', 'Rolle >>nobody at all<< existiert nicht'],
			['hermit', 'zu viele Verbindungen von Rolle >>hermit<<'],
		])('and lets %s not in, for a reason that only its words tell', async (user, said) => {
			expect(await failureOf(dump('german', { database: 'appdb' }, { user }))).toEqual({
				code: 'server',
				message:
					`pg_dump failed on the database “appdb” of ${place}: error: ${socket}${said}. Correct what it says there: ` +
					'user and password, pg_hba.conf, or a limit of connections, then run it again.',
			});
		});

		test('and lets a table not be read', async () => {
			expect(await failureOf(dump('german', {}, { user: 'clerk' }))).toEqual({
				code: 'not-permitted',
				message:
					`pg_dump failed on the database “appdb” of ${place}: error: query failed: FEHLER:  keine Berechtigung für Tabelle big. ` +
					'Connect as the owner or a superuser, grant the user pg_read_all_data (PostgreSQL 14 and later), or exclude what it may not read.',
			});
		});

		test.each([
			['app', 'ERROR:  canceling statement due to statement timeout'],
			['clerk', 'FEHLER:  storniere Anfrage wegen Zeitüberschreitung der Anfrage'],
		])('and has a table that stays locked, asked by %s', async (user, said) => {
			await psql(server, 'GRANT SELECT ON ALL TABLES IN SCHEMA public TO clerk');
			const locker = psql(server, 'BEGIN; LOCK TABLE big; SELECT pg_sleep(60)').catch(() => '');
			const locks = `SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted`;
			await until('the table is locked', async () => (await psql(server, locks)) !== '0');
			try {
				expect(await failureOf(dump('german', { lockTimeoutMs: 200 }, { user }))).toEqual({
					code: 'server',
					message:
						`pg_dump failed on the database “appdb” of ${place}: error: query failed: ${said}. ` +
						'Something else holds a table’s lock: run the backup at a quieter time, or raise the lock time-out.',
				});
			} finally {
				await psql(
					server,
					`SELECT pg_terminate_backend(pid) FROM pg_locks WHERE mode = 'AccessExclusiveLock'`,
				);
				await locker;
			}
		});
	});

	describe('row security', () => {
		beforeAll(async () => {
			const server = await runPostgresContainer(engine, { name: 'secured' });
			await psql(
				server,
				`CREATE ROLE clerk LOGIN; CREATE ROLE reader LOGIN; CREATE ROLE watcher LOGIN BYPASSRLS;
				GRANT pg_read_all_data TO reader, watcher; GRANT CREATE ON DATABASE appdb TO clerk`,
			);
			await psql(
				server,
				`SET ROLE clerk; CREATE SCHEMA work;
				CREATE TABLE work.own AS SELECT generate_series(1, 9) AS a;
				CREATE TABLE work.forced AS SELECT generate_series(1, 9) AS a;
				ALTER TABLE work.own ENABLE ROW LEVEL SECURITY; CREATE POLICY few ON work.own USING (a < 3);
				ALTER TABLE work.forced ENABLE ROW LEVEL SECURITY; CREATE POLICY few ON work.forced USING (a < 3);
				ALTER TABLE work.forced FORCE ROW LEVEL SECURITY`,
			);
		});

		test.each([
			['clerk', 'the owner, where it is forced', 'work.forced'],
			['reader', 'who may read everything', 'work.own, work.forced'],
		])('stops %s, %s, with the tables and the way out', async (user, _who, tables) => {
			await expect(dump('secured', {}, { user })).rejects.toMatchObject({
				code: 'not-permitted',
				message: `Row security hides rows from “${user}” in “appdb”: ${tables}. Connect as a superuser or as a role with BYPASSRLS (rights to read, as those of pg_read_all_data, are not enough), or exclude the data of these tables.`,
			});
		});

		test('hides nothing from who may bypass it, nor from the owner without the data of the forced one', async () => {
			const whole = { tables: { 'work.own': 9, 'work.forced': 9 } };
			expect((await dump('secured', {}, { user: 'watcher' })).facts.census).toMatchObject(whole);
			const selection = { excludeTableData: ['work.forced'] };
			const { facts } = await dump('secured', { selection }, { user: 'clerk' });
			expect(facts.census).toMatchObject({ tables: { 'work.own': 9 } });
		});
	});

	test('what a database is besides its tables is written down', async () => {
		const server = await runPostgresContainer(engine, { name: 'properties' });
		await psql(server, `CREATE ROLE n8n; CREATE ROLE reader`);
		await psql(server, `CREATE DATABASE n8n OWNER n8n TEMPLATE template0 CONNECTION LIMIT 77`);
		for (const sql of [
			`COMMENT ON DATABASE n8n IS 'it''s n8n’s'`,
			'REVOKE ALL ON DATABASE n8n FROM PUBLIC',
			'GRANT CONNECT ON DATABASE n8n TO reader',
			`ALTER DATABASE n8n SET search_path = "$user", public, "odd, one"`,
			`ALTER ROLE n8n IN DATABASE n8n SET work_mem = '7MB'`,
		])
			await psql(server, sql, 'n8n');
		const { facts } = await dump('properties', { database: 'n8n' });
		expect(facts.source.properties).toMatchObject({
			owner: 'n8n',
			encoding: 'UTF8',
			collate: 'C',
			ctype: 'C',
			connectionLimit: 77,
			comment: "it's n8n’s",
			grants: expect.arrayContaining([
				{ grantee: 'reader', privilege: 'CONNECT', grantable: false },
				{ grantee: 'n8n', privilege: 'CREATE', grantable: false },
			]) as unknown,
			settings: expect.arrayContaining([
				{ role: undefined, name: 'search_path', value: '"$user", public, "odd, one"' },
				{ role: 'n8n', name: 'work_mem', value: '7MB' },
			]) as unknown,
		});
		expect(facts.source.properties!.grants).not.toContainEqual(
			expect.objectContaining({ grantee: undefined, privilege: 'CONNECT' }),
		);
	});
});
