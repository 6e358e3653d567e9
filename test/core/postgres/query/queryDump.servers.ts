import { mkdir, readdir, truncate } from 'node:fs/promises';
import os from 'node:os';
import { type DumpQueryRequest, queryDump } from '../../../../core/postgres/query/queryDump';
import { type PostgresServer, startPostgres } from '../../../../lab/servers/postgres';
import { temporaryDirectory } from '../../../support/temporaryDirectory';
import { backUp } from '../support/artifacts';
import { never } from '../support/dumps';
import { backUpOf } from '../embedded/support';
import { dropDatabases } from '../support/restoring';

jest.setTimeout(240_000);

/** Nothing stays behind, whatever became of a query; before the directory itself goes. */
afterEach(async () => {
	const left = [...(await readdir(temporary())), ...(await readdir(directory.path()))];
	expect(left.filter((name) => name.startsWith('.n8n-backup-drill-'))).toEqual([]);
});

const directory = temporaryDirectory();
const temporary = () => directory.path('tmp');
let server: PostgresServer;

beforeAll(async () => {
	server = await startPostgres();
});
afterAll(() => server.stop());
beforeEach(async () => {
	await mkdir(temporary());
	jest.spyOn(os, 'tmpdir').mockReturnValue(temporary());
});
afterEach(async () => {
	jest.restoreAllMocks();
	await dropDatabases(server);
});

const query = (artifactPath: string, sql: string, more: Partial<DumpQueryRequest> = {}, signal = never) =>
	queryDump({ root: directory.path(), artifactPath, sql, ...more }, signal);

/** Two tables that refer to a third, a view, a partitioned table, a materialised view. */
const shop = `
	CREATE TABLE customer (id int PRIMARY KEY, name text NOT NULL);
	CREATE TABLE "Order" (id bigint PRIMARY KEY, customer int NOT NULL REFERENCES customer, total numeric);
	CREATE INDEX ON "Order" (customer);
	CREATE VIEW known_customer AS SELECT c.id, c.name, count(*) AS n FROM customer c GROUP BY c.id;
	CREATE TABLE event (id int, at date NOT NULL) PARTITION BY RANGE (at);
	CREATE TABLE event_old PARTITION OF event FOR VALUES FROM (MINVALUE) TO ('2026-01-01');
	CREATE TABLE event_new PARTITION OF event FOR VALUES FROM ('2026-01-01') TO (MAXVALUE);
	CREATE MATERIALIZED VIEW busy AS SELECT customer, count(*)::int AS orders FROM "Order" GROUP BY customer;
	CREATE FUNCTION names() RETURNS SETOF text LANGUAGE plpgsql STABLE AS
		$$ BEGIN RETURN QUERY EXECUTE 'SELECT name FROM public.customer ORDER BY id'; END $$;
	INSERT INTO customer SELECT n, 'customer ' || n FROM generate_series(1, 200) n;
	INSERT INTO "Order" SELECT n, 1 + n % 200, n * 1.10 FROM generate_series(1, 1000) n;
	INSERT INTO event SELECT n, date '2025-12-01' + n FROM generate_series(0, 59) n;
	REFRESH MATERIALIZED VIEW busy;`;

async function shopBackUp(): Promise<string> {
	await server.createDatabase('shop');
	await server.psql(shop, { database: 'shop' });
	return (await backUp(server, 'shop', directory.path())).path;
}

/** What psql says on the server, as the rows of an answer. */
async function asPsql(sql: string): Promise<unknown[]> {
	const written = await server.psql(`SELECT coalesce(json_agg(q), '[]') FROM (${sql}) q`, {
		database: 'shop',
	});
	return JSON.parse(written) as unknown[];
}

describe('a query of a dump', () => {
	test('gives the rows that the database itself gives, and takes only those of the tables that it reads', async () => {
		const path = await shopBackUp();
		const cases: Array<[sql: string, tables: string[]]> = [
			['SELECT id, name FROM customer ORDER BY id', ['public.customer']],
			['SELECT id::int AS id, customer FROM "Order" WHERE customer = 7 ORDER BY id', ['public."Order"']],
			[
				'SELECT c.name, o.id::int FROM "Order" o JOIN public.customer c ON c.id = o.customer ORDER BY o.id LIMIT 9',
				['public."Order"', 'public.customer'],
			],
			['SELECT id, name FROM known_customer ORDER BY id LIMIT 3', ['public.customer']],
			['SELECT c.name, count(*)::int AS n FROM customer c GROUP BY c.id ORDER BY c.id', ['public.customer']],
			['SELECT count(*)::int AS n FROM event', ['public.event_new', 'public.event_old']],
			['SELECT customer, orders FROM busy ORDER BY 1', ['public."Order"']],
		];
		for (const [sql, tables] of cases) {
			const answer = await query(path, sql);
			expect({ sql, tables: answer.tables }).toEqual({ sql, tables });
			expect(answer.rows).toEqual(await asPsql(sql));
			expect(answer.rows.length).toBeGreaterThan(0);
		}
	});

	test('takes the rows of named tables, too, for a function that reads them', async () => {
		const path = await shopBackUp();
		const sql = 'SELECT names AS name FROM names() LIMIT 2';

		expect((await query(path, sql)).rows).toEqual([]);
		for (const named of ['customer', 'public.customer']) {
			const { rows } = await query(path, sql, { tables: [named] });
			expect(rows).toEqual([{ name: 'customer 1' }, { name: 'customer 2' }]);
		}
	});

	test('says that foreign keys were left out whose rows were not taken', async () => {
		const { notes } = await query(await shopBackUp(), 'SELECT * FROM "Order" LIMIT 1');
		expect(notes).toEqual(['Foreign keys to tables whose rows were not taken are left out: 1.']);
	});

	test('is cut at the limit of rows, and says so', async () => {
		const path = await shopBackUp();
		const sql = 'SELECT id FROM customer ORDER BY id';

		const cut = await query(path, sql, { maxRows: 50 });
		expect([cut.rows.length, cut.isCut, cut.rows.at(-1)]).toEqual([50, true, { id: 50 }]);
		expect(cut.notes).toEqual([
			'There are more rows than the 50 that are here. Raise the limit, or ask for fewer.',
		]);
		const whole = await query(path, sql, { maxRows: 200 });
		expect([whole.rows.length, whole.isCut, whole.notes]).toEqual([200, false, []]);
	});
});

describe('values of every kind', () => {
	test('are JSON where that loses nothing, and otherwise as PostgreSQL writes them', async () => {
		const path = await backUpOf(directory.path(), 'CREATE TABLE public.t (a int);');
		const { rows, columns } = await query(
			path,
			`SELECT true AS "boolean", 7 AS "integer", 0.1::float8 AS "float", 'NaN'::float8 AS "nan",
				9007199254740993 AS "bigint", 12345678901234567890.123 AS "numeric", NULL AS "nothing",
				'{"a": [1, null]}'::jsonb AS "json", '\\x00ff'::bytea AS "bytes", ARRAY[1, NULL] AS "list",
				ARRAY['a', 'b,c'] AS "texts", ARRAY[9007199254740993, 1] AS "bigints", ARRAY[0.10] AS "numerics",
				timestamptz '2026-11-25 03:00:00.123456+01' AS "instant", timestamp '2026-11-25 03:00' AS "local",
				date '2026-11-25' AS "day", interval '1 day 2 h' AS "interval", 'infinity'::timestamptz AS "forever",
				'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid AS "uuid", 1 AS "integer", 2 AS "__proto__"`,
		);
		expect(Object.entries(rows[0]!)).toEqual([
			['boolean', true],
			['integer', 7],
			['float', 0.1],
			['nan', 'NaN'],
			['bigint', '9007199254740993'],
			['numeric', '12345678901234567890.123'],
			['nothing', null],
			['json', { a: [1, null] }],
			['bytes', '\\x00ff'],
			['list', [1, null]],
			['texts', ['a', 'b,c']],
			['bigints', ['9007199254740993', '1']],
			['numerics', ['0.10']],
			['instant', '2026-11-25T02:00:00.123456Z'],
			['local', '2026-11-25 03:00:00'],
			['day', '2026-11-25'],
			['interval', '1 day 02:00:00'],
			['forever', 'infinity'],
			['uuid', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
			['integer_2', 1],
			['__proto__', 2],
		]);
		expect(columns).toContain('integer_2');
	});
});

describe('what is wrong with a query', () => {
	const dump = `CREATE TABLE public.item (id int);
COPY public.item (id) FROM stdin;
1
\\.
CREATE FUNCTION public.removes() RETURNS int LANGUAGE sql AS 'DELETE FROM public.item RETURNING id';`;

	test.each([
		['SELEC 1', /syntax error at or near "SELEC".* \(SQLSTATE 42601, at character 1\)/],
		['SELECT 1; SELECT 2', /cannot insert multiple commands into a prepared statement.* \(SQLSTATE 42601\)/],
		['SELECT nope FROM item', /column "nope" does not exist.* \(SQLSTATE 42703, at character 8\)/],
		[
			'SELECT * FROM itm',
			/relation "itm" does not exist \(.*at character 15\)\. Correct the name; the dump has public\.item\./,
		],
		['DELETE FROM item', /The query gives no rows, and was not run. Ask with one SELECT/],
		['COPY item TO STDOUT', /gives no rows/],
		['COMMIT', /gives no rows/],
		[
			'DELETE FROM item RETURNING id',
			/cannot execute DELETE in a read-only transaction.* \(SQLSTATE 25006\)/,
		],
		['SELECT removes()', /cannot execute DELETE in a read-only transaction/],
		[`SELECT set_config('transaction_read_only', 'off', true)`, /SQLSTATE 25001/],
		[`SELECT pg_read_file('/etc/passwd')`, /permission denied.* \(SQLSTATE 42501\)/],
		[`SELECT lo_import('/etc/passwd')`, /SQLSTATE (?:42501|25006)/],
		['SELECT 1 / (id - 1) FROM item', /division by zero.* \(SQLSTATE 22012\)/],
		[' \n', /There is no query/],
	])('%s: PostgreSQL says it', async (sql, words) => {
		const path = await backUpOf(directory.path(), dump);
		const failed = query(path, sql);
		await expect(failed).rejects.toThrow(words);
		await expect(failed).rejects.toMatchObject({ code: 'bad-parameter' });
	});

	test('a named table that the dump does not have: the nearest names', async () => {
		const path = await backUpOf(directory.path(), dump);
		const failed = query(path, 'SELECT 1', { tables: ['public.itm'] });
		await expect(failed).rejects.toMatchObject({
			code: 'not-found',
			what: 'The dump has no table public.itm (it has public.item).',
		});
	});

	test('one that takes too long is ended', async () => {
		const path = await backUpOf(directory.path(), dump);
		const failed = query(path, 'SELECT count(*) FROM generate_series(1, 1e12)', { timeoutMs: 500 });
		await expect(failed).rejects.toMatchObject({
			code: 'server',
			message: 'The query took longer than 0.5 s and was ended. Ask for less, or raise its time limit.',
		});
	});

	test('one that is cancelled ends at once', async () => {
		const path = await backUpOf(directory.path(), dump);
		const cancelling = new AbortController();
		setTimeout(() => cancelling.abort(), 3_000);
		const failed = query(path, 'SELECT count(*) FROM generate_series(1, 1e12)', {}, cancelling.signal);
		await expect(failed).rejects.toMatchObject({ code: 'cancelled' });
	});
});

describe('what the embedded PostgreSQL cannot make', () => {
	test('is left out and said, and the rest can be asked', async () => {
		const path = await backUpOf(
			directory.path(),
			`CREATE EXTENSION vector;
CREATE TABLE public.embedding (id int, v public.vector(3));
CREATE TABLE public.item (id int);
COPY public.embedding (id, v) FROM stdin;
1	[1,2,3]
\\.
COPY public.item (id) FROM stdin;
7
\\.
INSERT INTO public.item VALUES (8);
INSERT INTO public.embedding VALUES (9, '[1,2,3]');
CREATE INDEX ON public.embedding USING hnsw (v);`,
		);

		const { rows, notes } = await query(path, 'SELECT id FROM item ORDER BY 1');

		expect(rows).toEqual([{ id: 7 }, { id: 8 }]);
		expect(notes[0]).toMatch(
			/^What could not be made is left out: line \d+ of the dump \(CREATE EXTENSION vector;\): /,
		);
		await expect(query(path, 'SELECT id FROM embedding')).rejects.toThrow(
			/relation "embedding" does not exist/,
		);
	});

	test('chosen rows that are more than the limit allows', async () => {
		const rows = 'some row\n'.repeat(200_000);
		const path = await backUpOf(
			directory.path(),
			`CREATE TABLE public.t (a text);
CREATE TABLE public.u (a text);
COPY public.t (a) FROM stdin;\n${rows}\\.\nCOPY public.u (a) FROM stdin;\n1\n\\.\n`,
		);

		const limit = { maxBytes: 1024 * 1024 };
		expect((await query(path, 'SELECT * FROM u', limit)).rows).toEqual([{ a: '1' }]);
		await expect(query(path, 'SELECT * FROM t', limit)).rejects.toMatchObject({
			code: 'no-space',
			message:
				'The rows that the query needs take more than the 1 MB that are read for one. Raise the limit, or restore the tables into a database on a server, and ask there.',
		});
	});

	test('a dump that was cut off is no backup to be asked', async () => {
		const { path } = { path: await backUpOf(directory.path(), `CREATE TABLE public.t (a text);`) };
		await truncate(path, 200);
		await expect(query(path, 'SELECT * FROM t')).rejects.toMatchObject({ code: 'incomplete' });
	});
});
