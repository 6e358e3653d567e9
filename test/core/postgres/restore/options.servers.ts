import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { type PostgresServer, startPostgres } from '../../../../lab/servers/postgres';
import { temporaryDirectory } from '../../../support/temporaryDirectory';
import { backUp, fixture } from '../support/artifacts';
import { connectionTo, fingerprint } from '../support/dumps';
import { dropDatabases, restore, writeDump } from '../support/restoring';

jest.setTimeout(60_000);

const directory = temporaryDirectory();
let server: PostgresServer;

beforeAll(async () => {
	server = await startPostgres({ settings: { log_statement: 'all', log_destination: 'stderr' } });
});
afterAll(() => server.stop());
afterEach(() => dropDatabases(server));

const inRestored = (sql: string) => server.query(sql, { database: 'restored' });

describe('roles', () => {
	const sql = `CREATE SCHEMA app;
ALTER SCHEMA app OWNER TO dumped;
CREATE TABLE app.t (a integer);
ALTER TABLE app.t OWNER TO dumped;
ALTER TABLE app.t ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON app.t TO dumped USING (true);
GRANT SELECT ON TABLE app.t TO dumped;`;
	const owners = () =>
		inRestored(
			`SELECT pg_get_userbyid(relowner) AS owner, relacl::text AS acl FROM pg_class WHERE relname = 't'`,
		);

	test('that the server lacks are left out and reported where that is wanted', async () => {
		const artifactPath = await writeDump(directory.path('n8n.sql.gz'), sql);

		const report = await restore(server, { artifactPath, options: { missingRoles: 'skip' } });

		expect(report.warnings).toEqual([
			'The server has no role "dumped": 4 statements that name it were left out.',
		]);
		expect(await owners()).toEqual([{ owner: 'postgres', acl: null }]);
	});

	test('are replaced by others as owners and in grants', async () => {
		const artifactPath = await writeDump(directory.path('n8n.sql.gz'), sql);
		await server.query('CREATE ROLE "new; one"');
		const roles = { dumped: 'new; one' };

		await restore(server, { artifactPath, options: { owners: { kind: 'map', roles } } });

		expect(await owners()).toEqual([{ owner: 'new; one', acl: '{"\\"new; one\\"=arwdDxt/\\"new; one\\""}' }]);
	});

	test('make room for one that owns everything', async () => {
		const artifactPath = await writeDump(directory.path('n8n.sql.gz'), sql);
		await server.query('CREATE ROLE all_of_it');

		await restore(server, {
			artifactPath,
			options: { owners: { kind: 'one', role: 'all_of_it' }, privileges: 'skip', missingRoles: 'skip' },
		});

		expect(await owners()).toEqual([{ owner: 'all_of_it', acl: null }]);
	});

	test('do not matter to a user who is none of them and no superuser', async () => {
		const artifactPath = await writeDump(directory.path('n8n.sql.gz'), sql.replace(/CREATE POLICY.*/, ''));
		await server.query(`CREATE ROLE maker LOGIN PASSWORD 'maker' CREATEDB`);

		await restore(server, {
			artifactPath,
			connection: connectionTo(server, { user: 'maker', password: 'maker' }),
			options: { owners: { kind: 'connecting-user' }, privileges: 'skip' },
		});

		expect(await owners()).toEqual([{ owner: 'maker', acl: null }]);
	});
});

test('only the chosen tables come back, with their rows, sequences, indexes and constraints', async () => {
	await server.createDatabase('source');
	await server.psql(
		`CREATE TYPE mood AS ENUM ('sad', 'happy');
		CREATE TABLE users (id serial PRIMARY KEY, feels mood, email text UNIQUE);
		CREATE TABLE posts (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, by integer REFERENCES users);
		CREATE TABLE tags (id integer, of integer REFERENCES posts);
		CREATE VIEW seen AS SELECT email FROM users JOIN posts ON posts.by = users.id;
		CREATE INDEX ON posts (by);
		INSERT INTO users (feels) VALUES ('sad'), ('happy');
		INSERT INTO posts (by) VALUES (1), (2), (2);
		INSERT INTO tags VALUES (1, 1);`,
		{ database: 'source' },
	);
	const { path, manifest } = await backUp(server, 'source', directory.path());
	const tables = ['public.posts', 'public.tags'];

	const report = await restore(server, { artifactPath: path, manifest, options: { tables } });

	expect(report.rows).toEqual({ 'public.posts': 3, 'public.tags': 1 });
	expect(report.comparison).toMatchObject({ tables: 2, rows: 4, differences: [] });
	expect(report.warnings).toEqual([]);
	const objects = await inRestored(
		`SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace UNION ALL SELECT conname FROM pg_constraint
			WHERE connamespace = 'public'::regnamespace AND contype = 'f' ORDER BY 1`,
	);
	expect(objects.map(({ name }) => name)).toEqual([
		'posts',
		'posts_by_idx',
		'posts_id_seq',
		'posts_pkey',
		'tags',
		'tags_of_fkey',
	]);
	expect(await inRestored(`INSERT INTO posts (by) VALUES (9) RETURNING id`)).toEqual([{ id: 4 }]);
});

test.each([1, 4])('with %i connections for indexes the result is the same', async (indexJobs) => {
	await server.createDatabase('source');
	await server.psql(await readFile(fixture('everything.sql'), 'utf8'), { database: 'source' });
	const { path, manifest } = await backUp(server, 'source', directory.path());

	await restore(server, { artifactPath: path, manifest, options: { indexJobs } });

	expect(await fingerprint(server, 'restored')).toBe(await fingerprint(server, 'source'));
});

test('a dump with statements in place of rows comes back, too', async () => {
	await server.createDatabase('source');
	await server.psql(await readFile(fixture('everything.sql'), 'utf8'), { database: 'source' });
	const dump = await server.client('pg_dump', ['--rows-per-insert=3', '--column-inserts'], {
		database: 'source',
	});
	const artifactPath = directory.path('inserts.sql.gz');
	await pipeline(Readable.from([dump]), createGzip({ level: 1 }), createWriteStream(artifactPath));

	await restore(server, { artifactPath });

	expect(await fingerprint(server, 'restored')).toBe(await fingerprint(server, 'source'));
});

test.each(['none', 'zstd'] as const)('a dump compressed by %s comes back', async (compression) => {
	await server.createDatabase('source');
	await server.psql('CREATE TABLE t AS SELECT generate_series(1, 1000) AS n', { database: 'source' });
	const { path, manifest } = await backUp(server, 'source', directory.path(), compression);

	const report = await restore(server, { artifactPath: path, manifest });

	expect(report.comparison).toMatchObject({ rows: 1000, differences: [] });
});

test('a value of 100 MB passes through', async () => {
	const size = 100 * 1024 * 1024;
	const artifactPath = directory.path('huge.sql.gz');
	function* sql() {
		yield 'CREATE TABLE public.huge (value text);\nCOPY public.huge (value) FROM stdin;\n';
		const piece = '0123456789abcdef'.repeat(65_536);
		for (let written = 0; written < size; written += piece.length) yield piece;
		yield '\n\\.\n-- PostgreSQL database dump complete\n';
	}
	await pipeline(Readable.from(sql()), createGzip({ level: 1 }), createWriteStream(artifactPath));

	await restore(server, { artifactPath });

	expect(await inRestored('SELECT length(value) AS length, right(value, 4) AS last FROM huge')).toEqual([
		{ length: size, last: 'cdef' },
	]);
});

test('a database in another encoding keeps its bytes', async () => {
	await server.createDatabase('source', `TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'`);
	await server.query(`CREATE TABLE "größe" ("ä" text); INSERT INTO "größe" VALUES ('ßÿ©')`, {
		database: 'source',
	});
	const { path, manifest } = await backUp(server, 'source', directory.path());

	await restore(server, { artifactPath: path, manifest });

	expect(await inRestored('SELECT "ä" AS value FROM "größe"')).toEqual([{ value: 'ßÿ©' }]);
});

test('a dump that grows over its limit is given up', async () => {
	const artifactPath = await writeDump(directory.path('n8n.sql.gz'), 'SELECT 1;');

	await expect(restore(server, { artifactPath, options: { maxRawBytes: 100 } })).rejects.toThrow(
		'The dump is larger than the 100 bytes that are allowed here.',
	);
});
