import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { type PostgresServer, startPostgres } from '../../../../lab/servers/postgres';
import { temporaryDirectory } from '../../../support/temporaryDirectory';
import { databaseNames, dropDatabases, dumpText, restore, writeDump } from '../support/restoring';

jest.setTimeout(60_000);

const directory = temporaryDirectory();
let server: PostgresServer;

beforeAll(async () => {
	server = await startPostgres();
});
afterAll(() => server.stop());
beforeEach(() => server.createDatabase('victim'));
afterEach(() => dropDatabases(server));

const restoreSql = async (sql: string) =>
	restore(server, { artifactPath: await writeDump(directory.path('n8n.sql.gz'), sql) });

const trace = () => `${server.dataDir}/trace`;

test.each([
	'drop  database victim with (force);',
	'/* nothing /* to */ see */ DROP DATABASE victim;',
	'DROP -- a carriage return ends this\rDATABASE victim\n;',
	'ALTER DATABASE victim RENAME TO mine;',
	'create role evil superuser;',
	'GRANT pg_execute_server_program TO pg_monitor;',
	"alter/**/system SET application_name = 'evil';",
	"COPY pg_catalog.pg_class (relname) FROM PROGRAM 'touch trace; false';",
	"COPY pg_catalog.pg_class FROM PROGRAM 'touch trace; false' WHERE relname IS DISTINCT FROM stdin;",
	"copy (SELECT 1) to program 'touch trace';",
	"DO $$BEGIN EXECUTE 'CREATE ROLE evil'; END$$;",
	"SELECT pg_catalog.lo_export(1, 'trace');",
	`SELECT pg_catalog.U&"set!005fconfig" UESCAPE '!' ('search_path', '', false), U&"lo!005fexport" UESCAPE '!' (1, 'trace');`,
	// The server reads two statements where the dump's cut makes one.
	'SET SESSION work_mem = 100 -- one\r; CREATE ROLE evil;\n;',
	// A string for one who does not see that strings are read otherwise, a call for the server.
	"SET standard_conforming_strings TO off;\nSELECT 'a\\' , ' , lo_export(4711, 'trace') -- ' \n;",
	"SET standard_conforming_strings = off;\nRESET standard_conforming_strings;\nSELECT 'a\\', lo_export(4711, 'trace') -- ', 1\n;",
	"UPDATE pg_settings SET setting = 'off' WHERE name = 'standard_conforming_strings';\nSELECT 'a\\' , ' , lo_export(4711, 'trace') -- ' \n;",
	"UPDATE pg_authid SET rolname = 'evil' WHERE rolname = 'pg_monitor';",
	'COPY pg_catalog.pg_db_role_setting FROM stdin;\n0\t0\t{search_path=evil}\n\\.\n',
	"CREATE TABLE made AS SELECT lo_export(4711, 'trace');",
	"INSERT INTO made SELECT query_to_xml($$SELECT lo_export(4711, 'trace')$$, true, true, '');",
])('%s does nothing and fails the restore', async (sql) => {
	await expect(restoreSql(`SELECT pg_catalog.lo_create('4711');\n${sql}`)).rejects.toMatchObject({
		message: expect.stringMatching(
			/^(?:Line \d+ of the dump is nothing that a dump of one database has|The dump creates or changes databases on line \d+|The server refused line \d+ .*(?:cannot insert multiple commands|syntax error))/,
		) as unknown,
	});

	expect(await databaseNames(server)).toEqual(['victim']);
	expect(await server.query(`SELECT FROM pg_roles WHERE rolname = 'evil'`)).toEqual([]);
	expect(await server.query(`SELECT FROM pg_file_settings WHERE setting = 'evil'`)).toEqual([]);
	expect(
		await server.query(`SELECT FROM pg_auth_members WHERE roleid = 'pg_execute_server_program'::regrole`),
	).toEqual([]);
	expect(await server.query('SELECT FROM pg_db_role_setting')).toEqual([]);
	expect(existsSync(trace())).toBe(false);
});

test('a character whose second byte looks like a backslash hides no call', async () => {
	const sql = Buffer.from(
		"SET client_encoding = 'SJIS';\nSELECT pg_catalog.lo_create('4711');\nSELECT E'\x95\x5c', lo_export(4711, 'trace') -- ', 1\n;",
		'latin1',
	);
	const [head, tail] = dumpText('HERE').split('HERE');
	await writeFile(directory.path('n8n.sql'), Buffer.concat([Buffer.from(head!), sql, Buffer.from(tail!)]));

	await expect(restore(server, { artifactPath: directory.path('n8n.sql') })).rejects.toThrow(
		'nothing that a dump of one database has',
	);
	expect(existsSync(trace())).toBe(false);
});

test('a dump in SJIS comes back, escapes and all', async () => {
	await server.query(`CREATE TABLE t (a text DEFAULT E'\\u8868\\\\''x')`, { database: 'victim' });
	await server.query('INSERT INTO t DEFAULT VALUES', { database: 'victim' });
	const dump = await server.client('pg_dump', ['--encoding=SJIS', '--inserts'], { database: 'victim' });
	await writeFile(directory.path('n8n.sql'), dump);

	await restore(server, { artifactPath: directory.path('n8n.sql') });

	const [row] = await server.query('SELECT a FROM t', { database: 'restored' });
	expect(row).toEqual({ a: "\u8868\\'x" });
});

test('a transaction that the dump leaves open is not lost when it is over', async () => {
	await restoreSql('BEGIN;\nCREATE TABLE public.kept AS SELECT 1 AS n;');

	expect(await server.query('SELECT n FROM kept', { database: 'restored' })).toEqual([{ n: 1 }]);
});
