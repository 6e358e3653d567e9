import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { withClient } from '../../../core/postgres/connect/client';
import type { DumpRequest } from '../../../core/postgres/dump/dumpRequest';
import { type PostgresServer, startPostgres } from '../../../lab/servers/postgres';
import { temporaryDirectory } from '../../support/temporaryDirectory';
import { connectionTo, engines, never, readDump, requestFor } from './support/dumps';
import { restore, writeDump } from './support/restoring';

jest.setTimeout(60_000);

const directory = temporaryDirectory();
let server: PostgresServer;

beforeAll(async () => {
	server = await startPostgres({ language: 'de_DE' });
	await server.createDatabase('big');
	await server.psql(
		`CREATE TABLE big AS SELECT n, repeat(md5(n::text), 30) AS text FROM generate_series(1, 60000) n;
		CREATE TABLE hidden AS SELECT 1 AS a;
		CREATE ROLE clerk LOGIN CREATEDB PASSWORD 'clerk';
		CREATE ROLE hermit LOGIN PASSWORD 'hermit' CONNECTION LIMIT 0;
		CREATE ROLE ghost LOGIN PASSWORD 'ghost';
		GRANT ALL ON big TO ghost;
		ALTER TABLE hidden ENABLE ROW LEVEL SECURITY;
		GRANT SELECT ON hidden TO ghost;`,
		{ database: 'big' },
	);
});
afterAll(async () => server.stop());

test('the server speaks German', async () => {
	await expect(server.query('SELECT x')).rejects.toThrow('Spalte »x« existiert nicht');
});

async function until(isSo: () => Promise<boolean>): Promise<void> {
	while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe.each(Object.keys(engines))('a dump by the engine %s', (engine) => {
	const dump = async (
		connection: Parameters<typeof connectionTo>[1] = {},
		request: Partial<DumpRequest> = {},
	) => await readDump(engines[engine]!(connectionTo(server, connection), requestFor('big', request)));

	test('names a wrong password', async () => {
		await expect(dump({ password: 'wrong' })).rejects.toMatchObject({
			code: 'auth',
			message: expect.stringMatching(/Passwort-Authentifizierung.*Correct user and password/) as string,
		});
	});

	test('names an unknown user', async () => {
		await expect(dump({ user: 'nobody at all' })).rejects.toMatchObject({ code: 'auth' });
	});

	test('names an unknown database', async () => {
		await expect(dump({}, { database: 'no such one' })).rejects.toMatchObject({
			code: 'not-found',
			message: expect.stringContaining('Correct the name of the database') as string,
		});
	});

	test('names a table that may not be read', async () => {
		const request = { selection: { tables: ['big'] } };
		await expect(dump({ user: 'clerk', password: 'clerk' }, request)).rejects.toMatchObject({
			code: 'not-permitted',
			message:
				`pg_dump failed on the database “big” of PostgreSQL at 127.0.0.1:${server.port}: error: query failed: FEHLER:  ` +
				'keine Berechtigung für Tabelle big. Connect as the owner or a superuser, grant the user pg_read_all_data ' +
				'(PostgreSQL 14 and later), or exclude what it may not read.',
		});
	});

	test('names a table whose rows are hidden', async () => {
		const request = { selection: { tables: ['hidden'] } };
		await expect(dump({ user: 'ghost', password: 'ghost' }, request)).rejects.toMatchObject({
			code: 'not-permitted',
			message:
				'Row security hides rows from “ghost” in “big”: public.hidden. Connect as a superuser or as a role with BYPASSRLS ' +
				'(rights to read, as those of pg_read_all_data, are not enough), or exclude the data of these tables.',
		});
	});

	test('names a server without a connection left', async () => {
		await expect(dump({ user: 'hermit', password: 'hermit' })).rejects.toMatchObject({
			code: 'server',
			message: expect.stringMatching(/zu viele Verbindungen.*raise its max_connections/) as string,
		});
	});

	test('names a table that stays locked', async () => {
		const holder = new pg.Client(server.url('big'));
		await holder.connect();
		await holder.query('BEGIN; LOCK TABLE big IN ACCESS EXCLUSIVE MODE');
		await expect(dump({}, { lockTimeoutMs: 200 })).rejects.toMatchObject({
			code: 'server',
			message: expect.stringContaining('raise the lock time-out') as string,
		});
		await holder.end();
	});

	test('names a table that is dropped while it begins', async () => {
		await server.query('CREATE TABLE gone AS SELECT 1 AS a', { database: 'big' });
		const dropper = new pg.Client(server.url('big'));
		await dropper.connect();
		await dropper.query('BEGIN; DROP TABLE gone');
		const dumped = expect(dump()).rejects.toMatchObject({
			code: 'server',
			message: expect.stringContaining(
				'A table was dropped or renamed while the dump began: run it again.',
			) as string,
		});
		await until(async () => {
			const waiting = await server.query(`SELECT FROM pg_locks WHERE NOT granted`);
			return waiting.length > 0;
		});
		await dropper.query('COMMIT');
		await dropper.end();
		await dumped;
	});

	test('names a session that was ended', async () => {
		const source = await engines[engine]!(connectionTo(server), requestFor('big'))(never);
		let isFirst = true;
		const sink = new Writable({
			write: (_chunk, _encoding, callback) => {
				if (!isFirst) return callback();
				isFirst = false;
				void server
					.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'COPY public.big%'`)
					.then(() => callback());
			},
		});
		const [ended] = await Promise.allSettled([source.finished, pipeline(source.stream, sink)]);
		expect(ended).toMatchObject({ status: 'rejected', reason: { code: 'unreachable' } });
	});
});

describe('a restore', () => {
	afterEach(async () => {
		const names = await server.query<{ datname: string }>(
			`SELECT datname FROM pg_database WHERE datname IN ('restored')`,
		);
		for (const { datname } of names) await server.query(`DROP DATABASE "${datname}"`);
	});

	const refused = async (sql: string, more = {}) => {
		const path = await writeDump(directory.path('n8n_20261123_020000.sql.gz'), sql);
		return restore(server, { artifactPath: path, ...more }).catch((error: Error) => error.message);
	};

	test('names a key that is there twice', async () => {
		const said = await refused(
			'CREATE TABLE public.t (id integer);\nCOPY public.t (id) FROM stdin;\n1\n1\n\\.\nALTER TABLE ONLY public.t\n    ADD CONSTRAINT t_pkey PRIMARY KEY (id);\n',
		);
		expect(said).toMatch(/t_pkey.*\(id\)=\(1\)/s);
	});

	test('names the row of a table that the server does not take', async () => {
		const said = await refused(
			'CREATE TABLE public.t1 (id integer);\nCOPY public.t1 (id) FROM stdin;\n1\nx\n\\.\n',
		);
		expect(said).toMatch(/The server refused line 18 of the dump, row 2 of public\.t1:/);
	});

	test('names a role that is missing', async () => {
		const said = await refused(
			'CREATE TABLE public.t (id integer);\nALTER TABLE public.t OWNER TO nobody;\n',
		);
		expect(said).toMatch(/Rolle »nobody« existiert nicht.*Create that role on the server first/s);
	});
});

test('a database that is in use cannot be dropped, and the advice says why', async () => {
	await server.createDatabase('used');
	const user = new pg.Client(server.url('used'));
	// Ended with the server.
	user.on('error', () => {});
	await user.connect();
	const drop = withClient(connectionTo(server), {}, never, async (client) =>
		client.query('DROP DATABASE used'),
	);
	await expect(drop).rejects.toMatchObject({
		code: 'server',
		message: expect.stringMatching(
			/wird von anderen Benutzern zugegriffen.*Stop what uses that database/s,
		) as string,
	});
	await user.end();
});

test('an error shows what the server adds to it', async () => {
	const query = withClient(connectionTo(server, { database: 'big' }), {}, never, async (client) =>
		client.query('CREATE TABLE keyed (a integer PRIMARY KEY); INSERT INTO keyed VALUES (1), (1)'),
	);
	await expect(query).rejects.toMatchObject({
		message: expect.stringMatching(
			/\(Schlüssel »\(a\)=\(1\)« existiert bereits\.\) Two rows have the same key/,
		) as string,
	});
});
