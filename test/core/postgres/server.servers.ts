import { listDatabases, serverVersion } from '../../../core/postgres/server';
import { type PostgresServer, startPostgres } from '../../../scripts/servers/postgres';
import { connectionTo, never } from './support/dumps';

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
	expect(await listDatabases(connectionTo(server), never)).toEqual(['Other "one"', 'n8n', 'postgres', 'ünï']);
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
