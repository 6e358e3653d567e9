import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { Artifact } from '../../../core/artifact';
import { compareCensus } from '../../../core/postgres/compareCensus';
import { serverQueries } from '../../../core/postgres/queries';
import { drill } from '../../../core/postgres/drill/drill';
import { type PostgresServer, startPostgres } from '../../../lab/servers/postgres';
import { temporaryDirectory } from '../../support/temporaryDirectory';
import { backUp } from './support/artifacts';
import { connectionTo, fingerprint, never } from './support/dumps';
import { dropDatabases, restore } from './support/restoring';

jest.setTimeout(120_000);

/** What a table of reference data in an extension looks like: rows of its own, and a user's, of which a dump has only those. */
const extension = {
	'ours.control': "default_version = '1.0'\nrelocatable = false\nschema = ours\n",
	'ours--1.0.sql': `
		CREATE TABLE reference (id integer PRIMARY KEY, name text);
		INSERT INTO reference SELECT n, 'shipped' FROM generate_series(1, 100) n;
		SELECT pg_catalog.pg_extension_config_dump('reference', 'WHERE id > 100');
		CREATE TABLE settings (name text);
		INSERT INTO settings VALUES ('shipped');
		SELECT pg_catalog.pg_extension_config_dump('settings', '');
		CREATE TABLE internal (id integer);
		INSERT INTO internal VALUES (1), (2);`,
};

const directory = temporaryDirectory();
let extensions: string;
let server: PostgresServer;

beforeAll(async () => {
	extensions = await mkdtemp(join(tmpdir(), 'extensions-'));
	await chmod(extensions, 0o755);
	await mkdir(join(extensions, 'extension'));
	for (const [name, text] of Object.entries(extension))
		await writeFile(join(extensions, 'extension', name), text);
	// 18 is the first that looks for extensions elsewhere than among its own.
	server = await startPostgres({
		major: 18,
		settings: { extension_control_path: `${extensions}:$system` },
	});
});
afterAll(async () => {
	await server.stop();
	await rm(extensions, { recursive: true });
});
afterEach(() => dropDatabases(server));

async function backUpAfter(sql: string, database = 'n8n', creation?: string): Promise<Artifact> {
	await server.createDatabase(database, creation);
	await server.psql(sql, { database });
	return backUp(server, database, directory.path());
}

async function expectGood({ path, manifest }: Artifact): Promise<void> {
	const { comparison } = await restore(server, { artifactPath: path, manifest });
	expect(comparison).toEqual({
		tables: Object.keys((manifest.census as { tables: object }).tables).length,
		rows: (manifest.census as { rows: number }).rows,
		differences: [],
	});
	const drilled = await drill(
		{ root: directory.path(), timeZone: 'UTC', artifactPath: path, connection: connectionTo(server) },
		never,
	);
	expect(drilled.checks.find(({ check }) => check === 'rows')).toMatchObject({ result: 'passed' });
}

test('tables of an extension, which brings rows of its own, are compared by what the dump has of them', async () => {
	const artifact = await backUpAfter(`
		CREATE EXTENSION ours;
		INSERT INTO ours.reference VALUES (101, 'mine'), (102, 'mine');
		CREATE TABLE public.own AS SELECT generate_series(1, 3) AS a;`);
	expect(artifact.manifest.census).toMatchObject({
		tables: { 'ours.reference': 2, 'ours.settings': 1, 'public.own': 3 },
	});
	await expectGood(artifact);
	const rows = await server.query('SELECT name, count(*)::int FROM ours.reference GROUP BY 1 ORDER BY 1', {
		database: 'restored',
	});
	expect(rows).toEqual([
		{ name: 'mine', count: 2 },
		{ name: 'shipped', count: 100 },
	]);
});

/** pg_dump sends the rows of the first partition through the root, and those of the second into it. */
const partitioned = `
	CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
	CREATE TABLE events (at integer, mood mood) PARTITION BY RANGE (at);
	CREATE TABLE events_a PARTITION OF events FOR VALUES FROM (0) TO (100) PARTITION BY HASH (mood);
	CREATE TABLE events_a0 PARTITION OF events_a FOR VALUES WITH (MODULUS 2, REMAINDER 0);
	CREATE TABLE events_a1 PARTITION OF events_a FOR VALUES WITH (MODULUS 2, REMAINDER 1);
	CREATE TABLE events_b PARTITION OF events FOR VALUES FROM (100) TO (200);
	INSERT INTO events SELECT n, (ARRAY['sad', 'ok', 'happy'])[1 + n % 3]::mood FROM generate_series(0, 149) n;`;

test('partitions by the hash of an enum below partitions by range are compared by their root', async () => {
	const artifact = await backUpAfter(partitioned);
	expect(artifact.manifest.census).toMatchObject({ tables: { 'public.events': 100, 'public.events_b': 50 } });
	await expectGood(artifact);
	// Which of the two a row belongs to is another matter in each database.
	const rows = async (database: string) => (await fingerprint(server, database)).match(/^\d+\t.*$/gm)?.sort();
	expect(await rows('restored')).toEqual(await rows('n8n'));
});

test('a row that is lost from any of them is seen', async () => {
	const { path, manifest } = await backUpAfter(partitioned);
	await restore(server, { artifactPath: path, manifest });
	await server.query('DELETE FROM events WHERE at IN (5, 120, 121)', { database: 'restored' });
	const client = new pg.Client(server.url('restored'));
	await client.connect();
	const { differences } = await compareCensus(serverQueries(client), manifest.census as never, { taken: {} });
	await client.end();
	expect(differences).toEqual([
		{ table: 'public.events', expected: 100, found: 99 },
		{ table: 'public.events_b', expected: 50, found: 48 },
	]);
});

test('tables whose owner is under row security himself are compared by what COPY took in', async () => {
	const { path, manifest } = await backUpAfter(`
		CREATE TABLE hidden AS SELECT generate_series(1, 9) AS a;
		ALTER TABLE hidden ENABLE ROW LEVEL SECURITY;
		ALTER TABLE hidden FORCE ROW LEVEL SECURITY;
		CREATE POLICY none ON hidden USING (a < 3);
		CREATE TABLE seen AS SELECT generate_series(1, 4) AS a;`);
	await server.query(`CREATE ROLE clerk LOGIN CREATEDB PASSWORD 'clerk'`);
	const { comparison } = await restore(server, {
		artifactPath: path,
		manifest,
		connection: connectionTo(server, { user: 'clerk', password: 'clerk' }),
		options: { owners: { kind: 'connecting-user' } },
	});
	expect(comparison).toEqual({ tables: 2, rows: 13, differences: [] });
});

describe.each([
	['LATIN1', 'Größe "½" ÿ', 'Grüße'],
	['WIN1252', 'Preis € “Zoll” Œ', 'Überblick™'],
	['EUC_JP', '表 名前', '一覧'],
	['UTF8', 'Größe 表 😀', 'à la carte'],
])('names beyond ASCII in a database in %s', (encoding, table, column) => {
	test('are in the census as people read them, and found again', async () => {
		const quoted = pg.escapeIdentifier(table);
		const artifact = await backUpAfter(
			`\\encoding UTF8\nCREATE TABLE ${quoted} AS SELECT n AS "${column}" FROM generate_series(1, 4) n`,
			'n8n',
			`TEMPLATE template0 ENCODING '${encoding}' LC_COLLATE 'C' LC_CTYPE 'C'`,
		);
		expect(artifact.manifest.census).toMatchObject({ tables: { [`public.${quoted}`]: 4 } });
		await expectGood(artifact);
	});
});

test('names in SQL_ASCII, which are no text in any one encoding, stay apart and are found again', async () => {
	await server.createDatabase('n8n', `TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'`);
	const sql = Buffer.from(
		[
			'CREATE TABLE "t\xe4" AS SELECT 1 AS a;',
			'CREATE TABLE "t\xf6" AS SELECT generate_series(1, 2) AS "\xfc";',
			`CREATE TABLE "t${Buffer.from('ß').toString('latin1')}" AS SELECT generate_series(1, 3) AS a;`,
		].join('\n'),
		'latin1',
	);
	await server.client('psql', ['-X', '-v', 'ON_ERROR_STOP=1'], { database: 'n8n', input: sql });
	const artifact = await backUp(server, 'n8n', directory.path());
	expect(artifact.manifest.census).toMatchObject({
		tables: { 'public."tä"': 1, 'public."tö"': 2, 'public."tß"': 3 },
	});
	await expectGood(artifact);
	expect(await fingerprint(server, 'restored')).toBe(await fingerprint(server, 'n8n'));
});
