import { readdirSync, readFileSync } from 'node:fs';
import { type PostgresServer, startPostgres } from '../../../../../lab/servers/postgres';
import { builtInDump } from '../../../../../core/postgres/dump/builtIn/builtInDump';
import { connectionTo, readDump, requestFor } from '../../support/dumps';

jest.setTimeout(60_000);

let server: PostgresServer;
beforeAll(async () => {
	server = await startPostgres();
	await server.createDatabase('plain');
	await server.query(`CREATE TABLE t AS SELECT n, md5(n::text) FROM generate_series(1, 20000) n`, {
		database: 'plain',
	});
	await server.createDatabase('latin', `TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'`);
	await server.query(`CREATE TABLE "Käse" AS SELECT 'Brühe'::text AS "größe"`, { database: 'latin' });
});
afterAll(async () => {
	await server.stop();
});

/** Those of the test file before this one wait for some seconds still. */
const others = new Set(pgDumpThreads());

/** Threads of this file that run a pg_dump, or wait for one. */
const threads = (): string[] => pgDumpThreads().filter((id) => !others.has(id));

/** Numbers that the kernel gave to them. */
function pgDumpThreads(): string[] {
	return readdirSync('/proc/self/task').filter((id) => {
		try {
			return readFileSync(`/proc/self/task/${id}/comm`, 'utf8').trim() === 'pg_dump';
		} catch {
			return false;
		}
	});
}

async function dump(database: string): Promise<string> {
	const { sql } = await readDump(builtInDump(connectionTo(server), requestFor(database)));
	// \restrict's key is another one each time.
	return sql.toString('latin1').replaceAll(/^\\(?:un)?restrict .*$/gm, '');
}

async function rowsByPsql(database: string, table: string): Promise<string> {
	return await server.psql(`COPY ${table} TO STDOUT`, { database });
}

test('one thread dumps database after database, and nothing of one is in the next', async () => {
	const [plain, latin] = [await dump('plain'), await dump('latin')];
	const [thread] = threads();
	for (let round = 0; round < 3; round++) {
		expect(await dump('plain')).toBe(plain);
		expect(await dump('latin')).toBe(latin);
	}
	expect(threads()).toEqual([thread]);
	expect(plain).toContain((await rowsByPsql('plain', 't')).trim());
	expect(latin).toContain(`SET client_encoding = 'LATIN1'`);
	expect(latin).toContain(Buffer.from('Brühe', 'latin1').toString('latin1'));
});

test('a thread whose dump failed is not used again', async () => {
	await dump('plain');
	const [thread] = threads();
	const broken = builtInDump(connectionTo(server), requestFor('plain', { selection: { tables: ['gone'] } }));
	await expect(readDump(broken)).rejects.toMatchObject({ code: 'bad-parameter' });
	await dump('plain');
	expect(threads()).not.toContain(thread);
});
