import { existsSync } from 'node:fs';
import { type PostgresServer, startPostgres } from '../../../../lab/servers/postgres';
import { temporaryDirectory } from '../../../support/temporaryDirectory';
import { databaseNames, dropDatabases, restore, writeDump } from '../support/restoring';

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
	"SET standard_conforming_strings TO off;\nSELECT 'a\\'; CREATE ROLE evil; --';",
])('%s does nothing and fails the restore', async (sql) => {
	await expect(restoreSql(sql)).rejects.toMatchObject({
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
	expect(existsSync(trace())).toBe(false);
});

test('a transaction that the dump leaves open is not lost when it is over', async () => {
	await restoreSql('BEGIN;\nCREATE TABLE public.kept AS SELECT 1 AS n;');

	expect(await server.query('SELECT n FROM kept', { database: 'restored' })).toEqual([{ n: 1 }]);
});
