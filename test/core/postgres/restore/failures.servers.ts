import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import { type PostgresServer, startPostgres } from '../../../../lab/servers/postgres';
import { temporaryDirectory } from '../../../support/temporaryDirectory';
import { backUp } from '../support/artifacts';
import { connectionTo } from '../support/dumps';
import { databaseNames, dropDatabases, restore, writeDump } from '../support/restoring';
import { tenMinutes } from '../support/slowDump';

jest.setTimeout(60_000);

const directory = temporaryDirectory();
let server: PostgresServer;

beforeAll(async () => {
	server = await startPostgres();
});
afterAll(() => server.stop());
afterEach(() => dropDatabases(server));

const dumpOf = (sql: string, serverVersion?: string) =>
	writeDump(directory.path('n8n.sql.gz'), sql, serverVersion);

describe('a dump that a server refuses', () => {
	test.each([
		[
			'the statement and its line',
			'CREATE TABLE public.a (n integer);\nCREATE TABLE public.b (n nonsense);\nCREATE TABLE public.c ();',
			'The server refused line 16 of the dump (CREATE TABLE public.b (n nonsense);): type "nonsense" does not exist.',
		],
		[
			'a statement that cannot be parsed',
			'CREATE TABLE public.a (n integer);\nCREATE TALBE b ();',
			'The server refused line 16 of the dump (CREATE TALBE b ();): syntax error at or near "TALBE".',
		],
		[
			'the row of a table',
			'CREATE TABLE public.a (n integer);\nCOPY public.a (n) FROM stdin;\n1\n2\nx\n\\.\n',
			'The server refused line 19 of the dump, row 3 of public.a: invalid input syntax for type integer: "x".',
		],
		[
			'an index over rows that are not unique',
			'CREATE TABLE public.a (n integer);\nCOPY public.a (n) FROM stdin;\n1\n1\n\\.\n\nCREATE UNIQUE INDEX one ON public.a USING btree (n);',
			'The server refused line 21 of the dump (CREATE UNIQUE INDEX one ON public.a USING btree (n);): could not create unique index "one".',
		],
		[
			'the role that is missing',
			'CREATE TABLE public.a (n integer);\nALTER TABLE public.a OWNER TO somebody;',
			'role "somebody" does not exist. Create that role on the server first',
		],
		[
			'the table that rows are for',
			'COPY public.nowhere (n) FROM stdin;\n1\n\\.\nSELECT 1;',
			'The server refused line 15 of the dump (COPY public.nowhere (n) FROM stdin;): relation "public.nowhere" does not exist.',
		],
	])('names %s, and leaves nothing behind', async (_what, sql, message) => {
		await expect(restore(server, { artifactPath: await dumpOf(sql) })).rejects.toThrow(message);

		expect(await databaseNames(server)).toEqual([]);
	});

	test.each([
		['\\connect other', 'The dump creates or changes databases.'],
		['\\! touch /tmp/x', 'The dump has a command for psql in it: \\! touch /tmp/x.'],
		['CREATE DATABASE other;', 'The dump creates or changes databases on line 15.'],
	])('%s is refused', async (line, message) => {
		await expect(restore(server, { artifactPath: await dumpOf(line) })).rejects.toThrow(message);

		expect(await databaseNames(server)).toEqual([]);
	});
});

describe('an artifact that is not whole', () => {
	const sql = 'CREATE TABLE public.a (n integer);\nCOPY public.a (n) FROM stdin;\n1\n2\n\\.\n';

	test('is not restored when its last line is missing', async () => {
		const path = await dumpOf(sql);
		const whole = gunzipSync(await readFile(path)).toString();
		await writeFile(path, gzipSync(whole.replace(/^-- PostgreSQL database dump complete$/m, '')));

		await expect(restore(server, { artifactPath: path })).rejects.toThrow(
			'The dump ends without its last line, “-- PostgreSQL database dump complete”.',
		);
		expect(await databaseNames(server)).toEqual([]);
	});

	test('is not restored when it was cut off within a table', async () => {
		const path = await dumpOf(sql);
		const whole = gunzipSync(await readFile(path)).toString();
		await writeFile(path, gzipSync(whole.slice(0, whole.indexOf('\n2\n'))));

		await expect(restore(server, { artifactPath: path })).rejects.toThrow(
			'The dump ends inside the rows of public.a.',
		);
		expect(await databaseNames(server)).toEqual([]);
	});

	test('is not restored when its bytes are not those of the manifest', async () => {
		await server.createDatabase('n8n');
		const { path, manifest } = await backUp(server, 'n8n', directory.path());

		await expect(
			restore(server, { artifactPath: path, manifest: { ...manifest, sha256: '0'.repeat(64) } }),
		).rejects.toThrow('is not what its manifest describes: its SHA-256 differs.');
		expect(await databaseNames(server)).toEqual(['n8n']);
	});

	test('is not restored when a table has other rows than were counted', async () => {
		await server.createDatabase('n8n');
		await server.psql('CREATE TABLE a AS SELECT 1 AS n; CREATE TABLE b ();', { database: 'n8n' });
		const { path, manifest } = await backUp(server, 'n8n', directory.path());
		const census = {
			kind: 'postgres',
			tables: { 'public.a': 2, 'public.b': 0, 'public.c': 3 },
			rows: 5,
		} as const;

		await expect(restore(server, { artifactPath: path, manifest: { ...manifest, census } })).rejects.toThrow(
			'What was restored is not what was backed up: 2 of 3 tables differ: public.a has 1 rows instead of 2, public.c is missing.',
		);
		expect(await databaseNames(server)).toEqual(['n8n']);
	});
});

test('a name that is taken is refused before anything is done', async () => {
	await server.createDatabase('restored');

	await expect(restore(server, { artifactPath: await dumpOf('SELECT 1;') })).rejects.toThrow(
		'There is a database "restored" already. Choose another name, or replace it deliberately; nothing was changed.',
	);
});

test('an older server than the dump’s is refused before anything is done', async () => {
	const artifactPath = await dumpOf('SELECT 1;', '42.3');

	await expect(restore(server, { artifactPath })).rejects.toThrow(
		new RegExp(
			`^The backup is of PostgreSQL 42 and PostgreSQL at 127\\.0\\.0\\.1:\\d+ is PostgreSQL ${server.major}, which is older\\. ` +
				'Restore into PostgreSQL 42 or newer; nothing was changed\\.$',
		),
	);
	expect(await databaseNames(server)).toEqual([]);
});

test('a user who may not create databases is told so', async () => {
	await server.query(`CREATE ROLE humble LOGIN PASSWORD 'humble'`);
	const connection = connectionTo(server, { user: 'humble', password: 'humble' });

	await expect(restore(server, { artifactPath: await dumpOf('SELECT 1;'), connection })).rejects.toThrow(
		/^The user "humble" may not create databases on .*\. Connect as a superuser, or let that user do it: ALTER ROLE … CREATEDB\.$/,
	);
});

test('cancelling ends the session and drops what was begun', async () => {
	const artifactPath = await dumpOf(`CREATE TABLE public.a ();\n${tenMinutes}`);
	const cancel = new AbortController();
	const restoring = restore(server, { artifactPath }, cancel.signal);
	restoring.catch(() => {});
	const sleeping = () =>
		server.query(
			`SELECT 1 FROM pg_stat_activity WHERE query LIKE '%sleep(600)%' AND pid <> pg_backend_pid()`,
		);
	while ((await sleeping()).length === 0) await sleep(20);

	cancel.abort();

	await expect(restoring).rejects.toMatchObject({ code: 'cancelled' });
	expect(await databaseNames(server)).toEqual([]);
	expect(await sleeping()).toEqual([]);
});

test('a session that the server ends fails the restore and leaves nothing behind', async () => {
	const artifactPath = await dumpOf(`CREATE TABLE public.a ();\n${tenMinutes}`);
	const restoring = restore(server, { artifactPath });
	restoring.catch(() => {});
	const kill = () =>
		server.query(
			`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%sleep(600)%' AND pid <> pg_backend_pid()`,
		);
	while ((await kill()).length === 0) await sleep(20);

	await expect(restoring).rejects.toThrow('terminating connection due to administrator command');
	expect(await databaseNames(server)).toEqual([]);
});

test('a restore drops what a crashed one has left, and nothing that another one may still work in', async () => {
	const [crashed, working] = ['20260101t000000_abcdef', '20260101t000000_123456'].map(
		(ending) => `n8n_backup_restore_${ending}`,
	);
	for (const name of [crashed!, working!]) await server.createDatabase(name);
	const lease = 'Scratch database of n8n-nodes-backup, in use until';
	await server.psql(
		`COMMENT ON DATABASE ${crashed} IS '${lease} 2020-01-01T00:00:00Z';
		COMMENT ON DATABASE ${working} IS '${lease} 2999-01-01T00:00:00Z';`,
	);

	await restore(server, { artifactPath: await dumpOf('CREATE TABLE public.a ();') });

	expect(await databaseNames(server)).toEqual([working, 'restored']);
});
