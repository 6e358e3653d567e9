import { setTimeout as sleep } from 'node:timers/promises';
import { openClient } from '../../../../core/postgres/connect/client';
import { type PostgresServer, startPostgres } from '../../../../lab/servers/postgres';
import { temporaryDirectory } from '../../../support/temporaryDirectory';
import { backUp } from '../support/artifacts';
import { connectionTo, engines, never, readDump, requestFor } from '../support/dumps';
import { restore } from '../support/restoring';

jest.setTimeout(120_000);

const directory = temporaryDirectory();

/** Each makes an ordinary backup fail when it is short. */
const timeouts = [
	'statement_timeout',
	'lock_timeout',
	'idle_in_transaction_session_timeout',
	'idle_session_timeout',
];

describe.each([
	['this machine’s PostgreSQL', undefined, timeouts, Object.keys(engines)],
	// No pg_dump of this machine dumps it.
	['PostgreSQL 17', 17, [...timeouts, 'transaction_timeout'], ['built-in']],
] as const)('of %s, time-outs that a role was given', (_name, major, names, used) => {
	let server: PostgresServer;
	beforeAll(async () => {
		server = await startPostgres({ major });
		await server.createDatabase('n8n');
		await server.psql(
			`CREATE TABLE kept AS SELECT generate_series(1, 20000) AS id;
			CREATE ROLE hasty SUPERUSER LOGIN PASSWORD 'hasty';
			ALTER ROLE hasty SET default_transaction_read_only = on;
			${names.map((name) => `ALTER ROLE hasty SET ${name} = 800;`).join(' ')}`,
			{ database: 'n8n' },
		);
	});
	afterAll(() => server?.stop());

	const connection = () => connectionTo(server, { user: 'hasty', password: 'hasty' });

	test('break off no session of ours', async () => {
		const client = await openClient(connection(), {}, never);
		await client.query('BEGIN');
		await client.query('CREATE TABLE slept AS SELECT pg_sleep(1)::text');
		await sleep(1000);
		await client.query('COMMIT');
		await sleep(1000);
		const { rows } = await client.query<{ name: string }>(
			`SELECT name FROM pg_settings WHERE name LIKE '%timeout' AND setting = '800'`,
		);
		expect(rows).toEqual([]);
		await client.end();
	});

	test.each(used)('break off no dump by the engine %s', async (engine) => {
		const { facts } = await readDump(engines[engine]!(connection(), requestFor('n8n')));
		expect(facts.census).toMatchObject({ tables: { 'public.kept': 20000 } });
	});

	test('break off no restore', async () => {
		const { path } = await backUp(server, 'n8n', directory.path());
		const target = { kind: 'new', database: 'restored' } as const;
		const { rows } = await restore(server, { artifactPath: path, connection: connection(), target });
		expect(rows).toEqual({ 'public.kept': 20000 });
	});
});
