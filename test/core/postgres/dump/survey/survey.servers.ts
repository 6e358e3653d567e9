import { chmod, writeFile } from 'node:fs/promises';
import type { PostgresConnection } from '../../../../../core/postgres/connect/connection';
import { localDump } from '../../../../../core/postgres/dump/local/localDump';
import type { DumpRequest } from '../../../../../core/postgres/dump/dumpRequest';
import { clientProgram } from '../../../../../lab/servers/postgresBinaries';
import { type PostgresServer, startPostgres } from '../../../../../lab/servers/postgres';
import { temporaryDirectory } from '../../../../support/temporaryDirectory';
import { connectionTo, engines, readDump, requestFor, restoreByPsql } from '../../support/dumps';

jest.setTimeout(60_000);

const directory = temporaryDirectory();
let server: PostgresServer;
let connection: PostgresConnection;
beforeAll(async () => {
	server = await startPostgres();
	connection = connectionTo(server);
	await server.createDatabase('n8n');
	// n8n's own foreign keys around executions, as its migrations make them.
	await server.psql(
		`CREATE TABLE workflow_entity (id varchar(36) PRIMARY KEY);
		CREATE TABLE credentials_entity (id varchar(36) PRIMARY KEY);
		CREATE TABLE execution_entity (id serial PRIMARY KEY, "workflowId" varchar(36) NOT NULL REFERENCES workflow_entity ON DELETE CASCADE);
		CREATE TABLE execution_data ("executionId" int PRIMARY KEY REFERENCES execution_entity ON DELETE CASCADE, data text);
		CREATE TABLE execution_annotations (id serial PRIMARY KEY, "executionId" int REFERENCES execution_entity ON DELETE CASCADE);
		CREATE TABLE annotation_tag_entity (id varchar(16) PRIMARY KEY);
		CREATE TABLE execution_annotation_tags ("annotationId" int REFERENCES execution_annotations, "tagId" varchar(24) REFERENCES annotation_tag_entity);
		INSERT INTO workflow_entity VALUES ('w'); INSERT INTO execution_entity ("workflowId") VALUES ('w'), ('w');
		INSERT INTO execution_data VALUES (1, 'a'), (2, 'b'); INSERT INTO execution_annotations ("executionId") VALUES (1);
		INSERT INTO annotation_tag_entity VALUES ('good'); INSERT INTO execution_annotation_tags VALUES (1, 'good');`,
		{ database: 'n8n' },
	);
});
afterAll(() => server.stop());

describe.each(Object.keys(engines))('by the engine %s', (engine) => {
	const dump = async (request: Partial<DumpRequest>) =>
		await readDump(engines[engine]!(connection, requestFor('n8n', request)));

	test('rows that refer to left out rows are left out and named, and the dump restores', async () => {
		const selection = { excludeTableData: ['execution_data', 'execution_entity'] };
		const { sql, facts } = await dump({ selection });
		expect(facts.warnings).toEqual([
			'Rows of public.execution_annotations, public.execution_annotation_tags are left out, too, because they refer to rows that are left out',
		]);
		expect(facts.census).toMatchObject({
			tables: {
				'public.annotation_tag_entity': 1,
				'public.credentials_entity': 0,
				'public.workflow_entity': 1,
			},
		});
		await restoreByPsql(server, sql, `followed_${engine}`);
		expect(
			await server.query('SELECT * FROM execution_annotations', { database: `followed_${engine}` }),
		).toEqual([]);
	});

	test('rows that refer to left out rows stay when that is asked for, with a warning that holds', async () => {
		const selection = { excludeTableData: ['execution_entity'] };
		const { sql, facts } = await dump({ selection, followReferences: false });
		expect(facts.warnings).toEqual([
			'Rows of public.execution_data, public.execution_annotations, public.execution_annotation_tags refer to rows that are left out: their foreign keys will fail when this is restored',
		]);
		await expect(restoreByPsql(server, sql, `kept_${engine}`)).rejects.toThrow('violates foreign key');
	});

	test.each([
		[
			{ excludeTableData: ['execution_dat'] },
			'No table of “n8n” matches “execution_dat”. Did you mean execution_data?',
		],
		[
			{ excludeTables: ['public.Workflow_Entities'] },
			'matches “public.Workflow_Entities”. Did you mean public.workflow_entity',
		],
		[
			{ excludeSchemas: ['pubic'] },
			'No schema of “n8n” matches “pubic”. Did you mean public? Correct the name',
		],
		[{ tables: ['workflow_entity', 'zzz'] }, 'No table of “n8n” matches “zzz”. Correct the name'],
		[{ schemas: ['n8n'] }, 'No schema of “n8n” matches “n8n”'],
	])('a pattern in %j that matches nothing is an error before the dump', async (selection, message) => {
		await expect(dump({ selection })).rejects.toMatchObject({
			code: 'bad-parameter',
			message: expect.stringContaining(message),
		});
	});

	test('where several databases are dumped alike, an exclusion that matches nothing is a warning', async () => {
		const selection = { excludeTableData: ['execution_dat'] };
		expect((await dump({ selection, unmatchedExclusions: 'warn' })).facts.warnings).toEqual([
			'No table of “n8n” matches “execution_dat”',
		]);
		await expect(dump({ selection: { tables: ['zzz'] }, unmatchedExclusions: 'warn' })).rejects.toThrow(
			'No table of “n8n” matches “zzz”',
		);
	});

	test('a database that is not n8n’s is named where n8n’s is expected', async () => {
		const request = requestFor('postgres', { expectN8n: true });
		const { facts } = await readDump(engines[engine]!(connection, request));
		expect(facts.warnings).toContain(
			`“postgres” of PostgreSQL at 127.0.0.1:${server.port} holds no tables of n8n’s: pick the credential of n8n’s own database, or switch “Expect n8n’s Tables” off`,
		);
		expect((await dump({ expectN8n: true })).facts.warnings).toEqual([]);
	});
});

describe('what a dump of parts lacks', () => {
	const warningsOf = async (selection: DumpRequest['selection']) =>
		(await readDump(engines['built-in']!(connection, requestFor('parts', { selection })))).facts.warnings;

	beforeAll(async () => {
		await server.createDatabase('parts');
		await server.psql(
			`CREATE SCHEMA shop; CREATE SCHEMA other; CREATE EXTENSION citext; CREATE EXTENSION pg_trgm;
			CREATE TYPE other.mood AS ENUM ('good'); CREATE TYPE shop.size AS ENUM ('big');
			CREATE FUNCTION other.now() RETURNS timestamptz LANGUAGE sql AS 'SELECT pg_catalog.now()';
			CREATE TABLE other.customer (id int PRIMARY KEY);
			CREATE TABLE shop.orders (id serial PRIMARY KEY, mail citext[], feels other.mood, size shop.size,
				at timestamptz DEFAULT other.now(), customer int REFERENCES other.customer, note text);
			CREATE INDEX ON shop.orders USING gin (note gin_trgm_ops);
			CREATE TABLE shop.simple (id serial PRIMARY KEY, note text);
			CREATE VIEW shop.seen AS SELECT * FROM shop.orders`,
			{ database: 'parts' },
		);
	});

	test('is nothing where all is dumped', async () => {
		expect(await warningsOf({})).toEqual([]);
	});

	test.each([
		[
			{ schemas: ['shop'] },
			[
				'The dump lacks extensions that it needs; create them before it is restored: citext, pg_trgm',
				'The dump lacks what its parts refer to; it must be there before it is restored: function other.now(), table other.customer, type other.mood',
			],
		],
		[
			{ tables: ['shop.orders'] },
			[
				'The dump lacks extensions that it needs; create them before it is restored: citext, pg_trgm',
				'The dump lacks what its parts refer to; it must be there before it is restored: function other.now(), table other.customer, type other.mood, type shop.size',
			],
		],
		[{ tables: ['shop.simple'] }, []],
		[{ schemas: ['other'] }, []],
		[
			{ excludeTables: ['other.customer'] },
			[
				'The dump lacks what its parts refer to; it must be there before it is restored: table other.customer',
			],
		],
		[
			{ excludeSchemas: ['other'] },
			[
				'The dump lacks what its parts refer to; it must be there before it is restored: function other.now(), table other.customer, type other.mood',
			],
		],
	])('is named for %j', async (selection, warnings) => {
		expect(await warningsOf(selection)).toEqual(warnings);
	});
});

describe('a dump that lacks a table', () => {
	/** pg_dump with a hole in its output, as a fault of our own reading would make one. */
	const holed = async (table: string, after = '') => {
		const path = directory.path('pg_dump');
		const real = await clientProgram('pg_dump');
		await writeFile(
			path,
			`#!/bin/sh\nif [ "$1" = --version ]; then exec ${real} --version; fi\n${real} "$@" | sed '/^COPY ${table} /,/^\\\\\\.$/d'\n${after}\n`,
		);
		await chmod(path, 0o755);
		return path;
	};

	test('is refused with the table’s name', async () => {
		const request = requestFor('n8n', {
			selection: { excludeTables: ['annotation_tag_entity', 'execution_annotation_tags'] },
		});
		const dump = localDump(connection, request, { pgDumpPath: await holed('public.execution_data') });
		await expect(readDump(dump)).rejects.toMatchObject({
			code: 'incomplete',
			message: expect.stringContaining(
				'The dump of “n8n” lacks 1 of the 5 tables that were there when it began: "public"."execution_data".',
			),
		});
	});

	test('is whole when that table’s rows were not asked for', async () => {
		const selection = { excludeTableData: ['execution_data'] };
		const pgDumpPath = await holed('public.execution_data');
		const { facts } = await readDump(localDump(connection, requestFor('n8n', { selection }), { pgDumpPath }));
		expect(facts.warnings).toEqual([]);
	});

	test('is whole when that table was dropped meanwhile, or another one renamed', async () => {
		await server.createDatabase('moving');
		await server.psql('CREATE TABLE gone (id int); CREATE TABLE renamed (id int)', { database: 'moving' });
		const after = `${await clientProgram('psql')} -qX -c 'DROP TABLE gone; ALTER TABLE renamed RENAME TO other'`;
		const pgDumpPath = await holed('public.gone', after);
		const { facts } = await readDump(localDump(connection, requestFor('moving'), { pgDumpPath }));
		expect(facts.census).toMatchObject({ tables: { 'public.renamed': 0 } });
	});
});

test.each([12, 15, 18])('every kind of table of PostgreSQL %i is found in its dump', async (major) => {
	const other = await startPostgres({ major });
	await other.createDatabase('kinds');
	await other.psql(
		`CREATE TABLE plain (id int); CREATE TABLE "no columns" (); INSERT INTO "no columns" DEFAULT VALUES;
		CREATE TABLE generated (a int GENERATED ALWAYS AS (1) STORED); CREATE UNLOGGED TABLE "Quick" (id int);
		CREATE TYPE mood AS ENUM ('good', 'bad', 'so-so'); CREATE TYPE pair AS (a int, b int); CREATE TABLE typed OF pair;
		CREATE TABLE hashed (m mood, n int) PARTITION BY HASH (m);
		CREATE TABLE hashed_0 PARTITION OF hashed FOR VALUES WITH (MODULUS 2, REMAINDER 0);
		CREATE TABLE hashed_1 PARTITION OF hashed FOR VALUES WITH (MODULUS 2, REMAINDER 1) PARTITION BY RANGE (n);
		CREATE TABLE hashed_1_low PARTITION OF hashed_1 FOR VALUES FROM (0) TO (10);
		INSERT INTO hashed SELECT m, 1 FROM unnest(enum_range(NULL::mood)) m;
		CREATE TABLE child (more int) INHERITS (plain); CREATE TABLE "user" (id int); CREATE TABLE "ta""b.le" (id int);
		CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE FOREIGN TABLE far (id int) SERVER s;
		CREATE MATERIALIZED VIEW seen AS SELECT 1 AS one; CREATE TEMP TABLE passing (id int);
		CREATE SCHEMA "Ä b"; CREATE TABLE "Ä b"."ö" (id int); CREATE TABLE merge (id int); CREATE TABLE json_table (id int);`,
		{ database: 'kinds' },
	);
	const { facts } = await readDump(engines['built-in']!(connectionTo(other), requestFor('kinds')));
	expect(Object.keys((facts.census as { tables: object }).tables).length).toBeGreaterThanOrEqual(12);
	await other.stop();
});
