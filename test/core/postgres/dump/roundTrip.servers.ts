import { type PostgresServer, startPostgres } from '../../../../lab/servers/postgres';
import { everything, everythingCounted } from '../support/everything';
import { connectionTo, engines, fingerprint, readDump, requestFor, restoreByPsql } from '../support/dumps';

jest.setTimeout(60_000);

/** Undefined is the machine's own. */
const majors = [undefined, 13, 18];

describe.each(majors)('PostgreSQL %s', (major) => {
	let server: PostgresServer;
	beforeAll(async () => {
		server = await startPostgres({ major });
		await server.createDatabase('everything');
		await server.psql(everything, { database: 'everything' });
	});
	afterAll(async () => {
		await server.stop();
	});

	test('a built-in dump of everything restores with psql to the same database', async () => {
		const open = engines['built-in']!(connectionTo(server), requestFor('everything'));
		const { sql, facts } = await readDump(open);
		await restoreByPsql(server, sql, 'restored');
		expect(await fingerprint(server, 'restored')).toBe(await fingerprint(server, 'everything'));
		expect(facts.census).toEqual({
			kind: 'postgres',
			tables: everythingCounted,
			rows: Object.values(everythingCounted).reduce((sum, rows) => sum + rows, 0),
			largeObjects: 2,
		});
		expect(facts.source).toEqual({
			host: server.host,
			port: server.port,
			database: 'everything',
			serverVersion: expect.stringContaining(server.version),
			properties: expect.objectContaining({ encoding: 'UTF8', connectionLimit: -1 }),
		});
		expect(facts.engine).toEqual({ name: 'built-in', version: 'pg_dump 18.3' });
		expect(facts.warnings).toEqual([]);
	});

	test('the wire may carry messages longer than libpq’s buffer', async () => {
		await server.createDatabase('long');
		const body = `-- ${'x'.repeat(39)}\n`.repeat(1000);
		await server.query(`CREATE FUNCTION long() RETURNS void LANGUAGE plpgsql AS $f$ BEGIN\n${body}END $f$`, {
			database: 'long',
		});
		await server.query(`CREATE TABLE wide AS SELECT repeat('0123456789', 300000) AS value`, {
			database: 'long',
		});
		const { sql, facts } = await readDump(engines['built-in']!(connectionTo(server), requestFor('long')));
		expect(sql.includes(body)).toBe(true);
		expect(sql.includes(`\n${'0123456789'.repeat(300_000)}\n`)).toBe(true);
		expect(facts.census).toMatchObject({ tables: { 'public.wide': 1 } });
	});
});

describe.each(Object.keys(engines))('by the engine %s', (engine) => {
	let server: PostgresServer;
	beforeAll(async () => {
		server = await startPostgres();
		await server.createDatabase('everything');
		await server.psql(everything, { database: 'everything' });
	});
	afterAll(async () => {
		await server.stop();
	});
	const open = (database: string, more: Parameters<typeof requestFor>[1] = {}) =>
		engines[engine]!(connectionTo(server), requestFor(database, more));

	test('a dump of everything restores to the same database', async () => {
		const { sql, facts } = await readDump(open('everything'));
		await restoreByPsql(server, sql, 'restored');
		expect(await fingerprint(server, 'restored')).toBe(await fingerprint(server, 'everything'));
		expect(facts.census).toMatchObject({ tables: everythingCounted });
		expect(facts.engine.name).toBe(engine);
	});

	test('says beforehand how large the database is on the server’s disk', async () => {
		const { stream, finished, expectedBytes } = await open('everything')(new AbortController().signal);
		stream.resume();
		await finished;
		const size = await server.psql(`SELECT pg_database_size('everything')`);
		expect(expectedBytes! / Number(size)).toBeCloseTo(1, 1);
	});

	test.each([
		'UPPER lower',
		'ünïcode 数据库 😀',
		`quote"s and 'apostrophes'`,
		'postgres://somebody@elsewhere/else',
		'dbname=template1 host=elsewhere',
		'-x --help',
		'back\\slash; %s $(id)',
	])('a database may be called %s', async (name) => {
		await server.createDatabase(name);
		await server.query('CREATE TABLE found_it AS SELECT 1 AS x', { database: name });
		const { facts } = await readDump(open(name));
		expect(facts.census).toMatchObject({ tables: { 'public.found_it': 1 } });
		expect(facts.source.database).toBe(name);
	});

	test('a user and a password may be of any characters', async () => {
		const [user, password] = [`Ünï "user" 用户`, `pä'ß\\ "%s $(id) 密码`];
		const quoted = user.replaceAll('"', '""');
		await server.query(
			`CREATE ROLE "${quoted}" SUPERUSER LOGIN PASSWORD '${password.replaceAll("'", "''")}'`,
		);
		const { facts } = await readDump(
			engines[engine]!(connectionTo(server, { user, password }), requestFor('everything')),
		);
		await server.query(`DROP ROLE "${quoted}"`);
		expect(facts.census).toMatchObject({ tables: everythingCounted });
	});

	test('a server may be reached by its Unix socket', async () => {
		const connection = connectionTo(server, { host: server.socketDir });
		const { facts } = await readDump(engines[engine]!(connection, requestFor('everything')));
		expect(facts.census).toMatchObject({ tables: everythingCounted });
	});

	test('an empty database is a valid backup with a warning', async () => {
		await server.createDatabase('empty');
		const { sql, facts } = await readDump(open('empty'));
		await restoreByPsql(server, sql, 'still_empty');
		expect(facts.census).toEqual({ kind: 'postgres', tables: {}, rows: 0 });
		expect(facts.warnings).toEqual(['The dump of “empty” holds no tables']);
	});

	test('a database in another encoding than UTF-8 keeps its bytes and its names', async () => {
		await server.createDatabase('latin', `TEMPLATE template0 ENCODING 'LATIN1'`);
		await server.query(`CREATE TABLE "größe" AS SELECT 'ß'::text AS wert`, { database: 'latin' });
		const { sql, facts } = await readDump(open('latin'));
		expect(sql.includes(Buffer.from('\nß\n', 'latin1'))).toBe(true);
		expect(facts.census).toMatchObject({ tables: { 'public."größe"': 1 } });
	});

	test('a selection holds what was asked for, without rows that refer to excluded ones', async () => {
		const selection = {
			schemas: ['public'],
			excludeTables: ['public.parted*', `"Robert'); DROP TABLE plain;--"`],
			excludeTableData: ['plain', 'child'],
		};
		const { sql, facts } = await readDump(
			open('everything', { selection, noOwner: true, noPrivileges: true }),
		);
		expect(facts.census).toEqual({
			kind: 'postgres',
			tables: {
				'public.nothing_in_it': 0,
				'public.no_columns': 7,
				'public."line\nbreak"': 2,
				'public.generated': 50,
				'public.parent': 1,
				'public.unlogged': 1,
			},
			rows: 61,
		});
		expect(sql.includes('CREATE TABLE public.plain')).toBe(true);
		expect(/OWNER TO|GRANT /.test(sql.toString())).toBe(false);
	});
});
