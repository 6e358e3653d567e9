import { chmod, writeFile } from 'node:fs/promises';
import { localDump } from '../../../../../core/postgres/dump/local/localDump';
import type { DumpSelection } from '../../../../../core/postgres/dump/dumpRequest';
import { type PostgresServer, startPostgres } from '../../../../../lab/servers/postgres';
import { clientProgram } from '../../../../../lab/servers/postgresBinaries';
import { temporaryDirectory } from '../../../../support/temporaryDirectory';
import { connectionTo, readDump, requestFor } from '../../support/dumps';

jest.setTimeout(60_000);

const directory = temporaryDirectory();
const content = `
	CREATE SCHEMA other;
	CREATE TYPE mood AS ENUM ('calm', 'busy');
	CREATE DOMAIN percent AS integer CONSTRAINT low CHECK (VALUE >= 0);
	CREATE TYPE pair AS (a integer, b integer);
	CREATE TABLE workflow_entity (id integer PRIMARY KEY);
	CREATE MATERIALIZED VIEW counted AS SELECT count(*) FROM workflow_entity;
	CREATE VIEW latest AS SELECT max(id) FROM workflow_entity;
	CREATE FUNCTION answer() RETURNS integer LANGUAGE sql AS 'SELECT 42';
	CREATE FUNCTION other.answer() RETURNS integer LANGUAGE sql AS 'SELECT 43';
	CREATE AGGREGATE total (integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '0');
	CREATE ROLE clerk;`;

/** pg_dump itself, and then what somebody else does to the database before it is known to be whole. */
async function dumpAndThen(
	server: PostgresServer,
	database: string,
	sql: string,
	selection: DumpSelection = {},
): Promise<void> {
	const path = directory.path('pg_dump');
	const [real, psql] = await Promise.all([clientProgram('pg_dump'), clientProgram('psql')]);
	const after = `${psql} -XqAt -v ON_ERROR_STOP=1 -c "${sql}"`;
	const lines = [
		'#!/bin/sh',
		`if [ "$1" = --version ]; then exec ${real} --version; fi`,
		`${real} "$@" || exit 1`,
	];
	await writeFile(path, `${[...lines, `${after} >&2`].join('\n')}\n`);
	await chmod(path, 0o755);
	const request = requestFor(database, { selection });
	await readDump(localDump(connectionTo(server), request, { pgDumpPath: path }));
}

let server: PostgresServer;
let count = 0;
beforeAll(async () => {
	server = await startPostgres();
	await server.createDatabase('pattern');
	await server.psql(content, { database: 'pattern' });
});
afterAll(() => server.stop());
const newDatabase = async () => {
	const name = `n8n_${(count += 1)}`;
	await server.createDatabase(name, 'TEMPLATE pattern');
	return name;
};

test.each([
	['the function "public"."answer"', 'DROP FUNCTION answer()'],
	[
		'the function "public"."answer"',
		`CREATE OR REPLACE FUNCTION answer() RETURNS integer LANGUAGE sql AS 'SELECT 7'`,
	],
	['the function "public"."answer"', 'ALTER FUNCTION answer() RENAME TO question'],
	['the function "public"."total"', 'DROP AGGREGATE total (integer)'],
	['the type "public"."mood"', 'DROP TYPE mood'],
	['the type "public"."mood"', 'ALTER TYPE mood RENAME TO temper'],
	['the type "public"."percent"', 'ALTER DOMAIN percent DROP CONSTRAINT low'],
	['the type "public"."pair"', 'DROP TYPE pair'],
	['the view "public"."latest"', 'DROP VIEW latest'],
	[
		'the view "public"."latest"',
		'CREATE OR REPLACE VIEW latest AS SELECT min(id) AS max FROM workflow_entity',
	],
	['the schema other', 'ALTER SCHEMA other RENAME TO another'],
])('a dump during which %s is changed by %s is refused', async (what, sql) => {
	const database = await newDatabase();
	await expect(dumpAndThen(server, database, sql)).rejects.toMatchObject({
		code: 'incomplete',
		message: `While “${database}” was dumped, somebody changed or dropped ${what}: the dump may hold half of what that was. Run it again when nobody changes the database’s schema.`,
	});
});

test.each([
	['GRANT EXECUTE ON FUNCTION answer() TO clerk; ALTER FUNCTION answer() OWNER TO clerk'],
	['CREATE FUNCTION another() RETURNS integer LANGUAGE sql AS $$SELECT 1$$; CREATE TYPE third AS ENUM ()'],
	[
		'CREATE TEMPORARY TABLE t (id integer); CREATE FUNCTION pg_temp.f() RETURNS integer LANGUAGE sql AS $$SELECT 1$$',
	],
	['REFRESH MATERIALIZED VIEW counted'],
	['VACUUM FULL'],
	[
		'CREATE TABLE newer (id integer); GRANT SELECT ON latest TO clerk; INSERT INTO workflow_entity VALUES (1)',
	],
])('a dump during which this happens is whole: %s', async (sql) => {
	await expect(dumpAndThen(server, await newDatabase(), sql.replaceAll('$', '\\$'))).resolves.toBeUndefined();
});

test.each<[string, DumpSelection]>([
	['another schema', { schemas: ['public'] }],
	['what a dump of single tables does not hold', { tables: ['workflow_entity'] }],
])('changes of %s are nobody’s concern', async (_what, selection) => {
	const dumping = dumpAndThen(server, await newDatabase(), 'DROP FUNCTION other.answer()', selection);
	await expect(dumping).resolves.toBeUndefined();
});
