import pg from 'pg';
import { readManifest } from '../../../../core/artifact';
import { openClient } from '../../../../core/postgres/connect/client';
import { drill } from '../../../../core/postgres/drill/drill';
import { type PgBouncer, startPgBouncer } from '../../../../lab/servers/pgbouncer';
import { type PostgresServer, startPostgres } from '../../../../lab/servers/postgres';
import { temporaryDirectory } from '../../../support/temporaryDirectory';
import { backUp } from '../support/artifacts';
import { connectionTo, engines, never, readDump, requestFor } from '../support/dumps';
import { restore } from '../support/restoring';

jest.setTimeout(60_000);

const directory = temporaryDirectory();
let server: PostgresServer;
beforeAll(async () => {
	server = await startPostgres();
	await server.createDatabase('pooled');
	await server.psql('CREATE TABLE kept AS SELECT generate_series(1, 10) AS id', { database: 'pooled' });
});
afterAll(() => server.stop());

const refusal = {
	code: 'unsupported',
	message: expect.stringMatching(
		/^PostgreSQL at 127\.0\.0\.1:\d+ is a connection pooler that shares sessions between its clients \(transaction mode\)\. Connect to PostgreSQL itself, or to a pool in session mode/,
	),
};

/** Settings that differ from their defaults in any session of the pool: what a client of it would meet. */
async function changedSettings(pooler: PgBouncer): Promise<unknown[]> {
	const clients = Array.from(
		{ length: 4 },
		() =>
			new pg.Client({
				host: pooler.host,
				port: pooler.port,
				user: server.user,
				password: server.password,
				database: 'pooled',
				application_name: 'other',
			}),
	);
	const seen: unknown[] = [];
	for (const client of clients) {
		await client.connect();
		await client.query('BEGIN');
		const { rows } = await client.query<Record<string, string>>(
			`SELECT name, setting FROM pg_settings WHERE source = 'session' AND name IN
			('search_path', 'statement_timeout', 'row_security', 'synchronous_commit', 'lock_timeout')`,
		);
		seen.push(...rows);
	}
	for (const client of clients) {
		// The pooler ends the session of a client that leaves in a transaction.
		await client.query('COMMIT');
		await client.end();
	}
	return seen;
}

describe.each([
	['transaction', {}],
	['transaction', { server_round_robin: '1' }],
	['transaction', { default_pool_size: '1' }],
	['statement', {}],
] as const)(
	'a pooler in %s mode with %j is refused before anything is set in its sessions',
	(mode, settings) => {
		const hasRoom = mode === 'transaction' && !('default_pool_size' in settings);
		let pooler: PgBouncer;
		beforeAll(async () => {
			pooler = await startPgBouncer(server, mode, settings);
			// Sessions that others will use again, so that not each of ours ends with us.
			if (hasRoom) await changedSettings(pooler);
		});
		afterAll(() => pooler.stop());

		test.each(Object.keys(engines))('by a dump of the engine %s', async (engine) => {
			const connection = connectionTo(server, { port: pooler.port });
			await expect(readDump(engines[engine]!(connection, requestFor('pooled')))).rejects.toMatchObject(
				refusal,
			);
		});

		test('by a restore and by a drill', async () => {
			const { path } = await backUp(server, 'pooled', directory.path());
			const connection = connectionTo(server, { port: pooler.port });
			await expect(restore(server, { artifactPath: path, connection })).rejects.toMatchObject(refusal);
			const report = await drill(
				{ root: directory.path(), timeZone: 'UTC', artifactPath: path, connection },
				never,
			);
			// It says nothing of the backup.
			expect(report).toMatchObject({ result: 'unknown', obstacle: { message: refusal.message } });
			expect((await readManifest(path)).drill).toBeUndefined();
		});

		if (hasRoom) {
			test('so that its other clients find their sessions as they were', async () => {
				expect(await changedSettings(pooler)).toEqual([]);
			});
		}
	},
);

describe('a pooler in session mode', () => {
	let pooler: PgBouncer;
	beforeAll(async () => {
		pooler = await startPgBouncer(server, 'session');
	});
	afterAll(() => pooler.stop());

	test.each(Object.keys(engines))('serves a dump of the engine %s', async (engine) => {
		const connection = connectionTo(server, { port: pooler.port });
		const { facts } = await readDump(engines[engine]!(connection, requestFor('pooled')));
		expect(facts.census).toMatchObject({ tables: { 'public.kept': 10 } });
	});

	test('serves a restore and a drill', async () => {
		const { path } = await backUp(server, 'pooled', directory.path());
		const connection = connectionTo(server, { port: pooler.port });
		const target = { kind: 'new', database: 'restored' } as const;
		const report = await restore(server, { artifactPath: path, connection, target });
		expect(report.rows).toEqual({ 'public.kept': 10 });
		expect(
			await drill({ root: directory.path(), timeZone: 'UTC', artifactPath: path, connection }, never),
		).toMatchObject({ result: 'passed' });
	});

	test('is not waited for when it has but one session', async () => {
		const narrow = await startPgBouncer(server, 'session', { default_pool_size: '1' });
		const client = await openClient(connectionTo(server, { port: narrow.port }), {}, never);
		expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
		await client.end();
		await narrow.stop();
	});
});
