import { type PostgresServer, startPostgres } from '../../../../lab/servers/postgres';
import { temporaryDirectory } from '../../../support/temporaryDirectory';
import { backUp } from '../support/artifacts';
import { databaseNames, dropDatabases, restore, writeDump } from '../support/restoring';

jest.setTimeout(120_000);

const directory = temporaryDirectory();
let server: PostgresServer;

beforeAll(async () => {
	server = await startPostgres();
});
afterAll(() => server.stop());
afterEach(() => dropDatabases(server));

/** Rows of some 44 MB, with everything that COPY writes in its own way. */
const manyRows = `SELECT n, CASE WHEN n % 7 = 0 THEN NULL ELSE repeat(md5(n::text), 40) || E'\\n\\\\.\\t' || n END AS text
	FROM generate_series(1, 40000) n`;

/** How many sessions have sent rows to a table: each COPY is a transaction of its own. */
async function senders(table: string): Promise<number> {
	const [found] = await server.query<{ count: string }>(`SELECT count(DISTINCT xmin::text) FROM ${table}`, {
		database: 'restored',
	});
	return Number(found!.count);
}

/** The same for the same rows, in whatever order they are stored. */
async function fingerprint(database: string): Promise<string> {
	return await server.psql(`SELECT md5(string_agg(t::text, '|' ORDER BY n)), count(*) FROM large t`, {
		database,
	});
}

const copyOf = (rows: string[]) => `COPY public.large (n, text) FROM stdin;\n${rows.join('\n')}\n\\.\n`;
const rows = Array.from({ length: 30_000 }, (_, index) => `${index + 1}\t${'x'.repeat(1000)}`);

async function restoreSql(sql: string, options = {}): Promise<void> {
	const artifactPath = await writeDump(directory.path('n8n.sql.gz'), sql);
	await restore(server, { artifactPath, options });
}

test('two sessions send the rows of a large table, and all of them arrive as they were', async () => {
	await server.createDatabase('source');
	await server.query(`CREATE TABLE large AS ${manyRows}; ALTER TABLE large ADD PRIMARY KEY (n)`, {
		database: 'source',
	});
	await server.query('CREATE TABLE small AS SELECT 1 AS n', { database: 'source' });
	const { path: artifactPath, manifest } = await backUp(server, 'source', directory.path());
	const { comparison } = await restore(server, { artifactPath, manifest });

	expect(comparison?.differences).toEqual([]);
	expect(await senders('large')).toBe(2);
	expect(await senders('small')).toBe(1);
	expect(await fingerprint('restored')).toBe(await fingerprint('source'));
});

test.each([
	['a key', 'CREATE TABLE public.large (n integer PRIMARY KEY, text text);', {}],
	[
		'a reference to itself',
		'CREATE TABLE public.large (n integer UNIQUE REFERENCES public.large (n), text text);',
		{},
	],
	['one session only', 'CREATE TABLE public.large (n integer, text text);', { indexJobs: 1 }],
])('one session sends all rows of a table with %s', async (_what, definition, options) => {
	await restoreSql(`${definition}\n${copyOf(rows)}`, options);
	expect(await senders('large')).toBe(1);
	expect(await server.psql('SELECT count(*) FROM large', { database: 'restored' })).toBe('30000');
});

test('one session sends all rows of a table that only it can see, or has locked', async () => {
	const created = 'BEGIN;\nCREATE TABLE public.large (n integer, text text);';
	await restoreSql(`${created}\n${copyOf(rows)}COMMIT;`);
	expect(await senders('large')).toBe(1);

	await dropDatabases(server);
	const locked = `CREATE TABLE public.large (n integer, text text);
		CREATE TABLE public.small (n integer);
		COPY public.small (n) FROM stdin;\n1\n\\.\n
		BEGIN;
		LOCK TABLE public.large;`;
	await restoreSql(`${locked}\n${copyOf(rows)}COMMIT;`);
	expect(await senders('large')).toBe(1);
});

test.each([3, 20_000, 25_001, 29_999, 30_000])(
	'row %i that is refused is named, whoever sent it',
	async (row) => {
		const broken = rows.with(row - 1, 'no number\tx');
		const definition = 'CREATE TABLE public.large (n integer, text text);';
		await expect(restoreSql(`${definition}\n${copyOf(broken)}`)).rejects.toThrow(
			`row ${row} of public.large: invalid input syntax for type integer: "no number"`,
		);
		expect(await databaseNames(server)).toEqual([]);
	},
);
