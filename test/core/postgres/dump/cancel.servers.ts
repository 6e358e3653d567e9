import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { type PostgresServer, startPostgres } from '../../../../scripts/servers/postgres';
import { connectionTo, engines, requestFor } from '../support/dumps';

let server: PostgresServer;
beforeAll(async () => {
	server = await startPostgres({ tls: true });
	await server.createDatabase('shop');
	await server.psql('CREATE TABLE orders (id int)', { database: 'shop' });
}, 60_000);
afterAll(async () => {
	await server.stop();
});

/** Sessions of dumps, those that wait for a lock only where asked. */
async function dumpSessions(waiting: boolean): Promise<number> {
	const [row] = await server.query<{ count: number }>(
		`SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = 'shop' AND application_name <> 'holder'
		${waiting ? "AND wait_event_type = 'Lock'" : ''}`,
	);
	return row!.count;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
	while (!(await condition())) await wait(20);
}

describe.each(Object.keys(engines))('by the engine %s', (engine) => {
	test.each(['disable', 'require'] as const)(
		'a dump that is cancelled while it waits for a lock leaves no session on the server (TLS: %s)',
		async (ssl) => {
			const holder = new pg.Client({ connectionString: server.url('shop'), application_name: 'holder' });
			await holder.connect();
			await holder.query('BEGIN; LOCK TABLE orders IN ACCESS EXCLUSIVE MODE');
			const cancellation = new AbortController();
			const connection = connectionTo(server, { tls: { mode: ssl, verifyCertificate: false } });
			const dump = await engines[engine]!(connection, requestFor('shop'))(cancellation.signal);
			dump.stream.resume();
			dump.stream.on('error', () => {});
			await until(async () => (await dumpSessions(true)) === 1);

			cancellation.abort();
			await expect(dump.finished).rejects.toMatchObject({ code: 'cancelled' });
			// The lock is still held: only a server that was told ends the session now.
			await until(async () => (await dumpSessions(false)) === 0);
			await holder.end();
		},
	);
});
