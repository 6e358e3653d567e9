import { listDatabases, serverVersion } from '../../../../core/postgres/connect/server';
import { type PostgresServer, startPostgres } from '../../../../lab/servers/postgres';
import { connectionTo, never } from '../support/dumps';

jest.setTimeout(60_000);

let server: PostgresServer;
beforeAll(async () => {
	server = await startPostgres();
});
afterAll(async () => {
	await server.stop();
});

test('databases are listed whatever they are called, without templates and those that accept nobody', async () => {
	for (const name of ['n8n', 'Other "one"', 'ünï']) await server.createDatabase(name);
	await server.createDatabase('closed', 'ALLOW_CONNECTIONS false');
	await server.createDatabase('mould', 'IS_TEMPLATE true');
	expect(await listDatabases(connectionTo(server), never)).toEqual({
		names: ['Other "one"', 'n8n', 'postgres', 'ünï'],
		skipped: [],
	});
});

test('an invalid database and scratch databases of our own are skipped and named, and nothing else is', async () => {
	const scratch = ['n8n_backup_drill_20261123t020000_0a1b2c', 'n8n_backup_restore_20261123t020000_ffffff'];
	for (const name of [...scratch, 'n8n_backup_drill_of_mine', 'torn']) await server.createDatabase(name);
	await server.query(`UPDATE pg_database SET datconnlimit = -2 WHERE datname = 'torn'`);
	const { names, skipped } = await listDatabases(connectionTo(server), never);
	expect(names).toContain('n8n_backup_drill_of_mine');
	expect(names).not.toContain('torn');
	expect(skipped).toEqual([
		'“n8n_backup_drill_20261123t020000_0a1b2c” was skipped: it is the scratch database of a drill or a restore',
		'“n8n_backup_restore_20261123t020000_ffffff” was skipped: it is the scratch database of a drill or a restore',
		'“torn” was skipped: an interrupted DROP DATABASE left it invalid; drop it',
	]);
});

test('the server’s version is told in full and as a number', async () => {
	expect(await serverVersion(connectionTo(server), never)).toEqual({
		text: expect.stringContaining(server.version),
		major: server.major,
		isEncrypted: false,
	});
});

test('a question that is cancelled ends at once', async () => {
	const cancellation = new AbortController();
	const question = listDatabases(connectionTo(server), cancellation.signal);
	cancellation.abort();
	await expect(question).rejects.toMatchObject({ code: 'cancelled' });
});
