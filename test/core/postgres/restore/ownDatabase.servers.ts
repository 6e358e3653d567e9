import { assertNotOwnDatabase } from '../../../../core/postgres/restore/ownDatabase';
import { type PostgresServer, startPostgres } from '../../../../lab/servers/postgres';
import { connectionTo, never } from '../support/dumps';
import { dropDatabases } from '../support/restoring';

jest.setTimeout(60_000);

let server: PostgresServer;

beforeAll(async () => {
	server = await startPostgres();
});
afterAll(() => server.stop());
afterEach(() => dropDatabases(server));

/** The table of executions as n8n 2 has it, as far as it matters: one that has stopped, one that runs. */
async function createN8n(table: string): Promise<void> {
	await server.createDatabase('n8n');
	await server.psql(
		`CREATE SCHEMA other;
		CREATE TABLE ${table} (id serial PRIMARY KEY, "workflowId" varchar(36) NOT NULL, "stoppedAt" timestamptz);
		INSERT INTO ${table} ("workflowId", "stoppedAt") VALUES ('abc', now()), ('abc', NULL);`,
		{ database: 'n8n' },
	);
}

const ask = (database: string, executionId: string, workflowId = 'abc') =>
	assertNotOwnDatabase(connectionTo(server), database, { executionId, workflowId }, never);

test.each(['public.execution_entity', 'other.execution_entity', 'public.mine_execution_entity'])(
	'the database that holds the running execution in %s is not replaced from inside',
	async (table) => {
		await createN8n(table);

		await expect(ask('n8n', '2')).rejects.toThrow(
			'"n8n" is the database of the n8n that runs this workflow: it cannot be replaced from inside. ' +
				'Stop n8n and its workers, then run n8n-backup restore postgres NAME --replace n8n (docs/restore.md), or restore into a new database; nothing was changed.',
		);
	},
);

test('an execution that had waited for a form and goes on is a running one', async () => {
	await createN8n('public.execution_entity');
	await server.psql(
		`ALTER TABLE execution_entity ADD status varchar(255) NOT NULL DEFAULT 'success';
		UPDATE execution_entity SET status = 'running', "stoppedAt" = now() WHERE id = 2`,
		{ database: 'n8n' },
	);

	await expect(ask('n8n', '2')).rejects.toThrow('is the database of the n8n that runs this workflow');
	await expect(ask('n8n', '1')).resolves.toBeUndefined();
});

test('another n8n’s database is not taken for it', async () => {
	await createN8n('public.execution_entity');

	await expect(ask('n8n', '1')).resolves.toBeUndefined();
	await expect(ask('n8n', '3')).resolves.toBeUndefined();
	await expect(ask('n8n', '2', 'another')).resolves.toBeUndefined();
});

test('a database that is none of n8n’s, or is not there, is not taken for it', async () => {
	await server.createDatabase('n8n');

	await expect(ask('n8n', '2')).resolves.toBeUndefined();
	await expect(ask('nowhere', '2')).resolves.toBeUndefined();
});
