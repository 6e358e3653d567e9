import type pg from 'pg';
import { BackupError } from '../../errors';
import { withClient } from '../connect/client';
import type { PostgresConnection } from '../connect/connection';
import { quoteIdentifier } from '../sql';

/** An execution of n8n's, by the ids that its database knows it by. */
export interface RunningExecution {
	workflowId: string;
	executionId: string;
}

/**
 * A database must not be the one of the n8n that asks: then the execution that asks is in it, and runs. To replace
 * it would end that very execution: it could not be finished in the old database, and is not in the new one.
 *
 * @throws BackupError `bad-parameter` when it is
 */
export async function assertNotOwnDatabase(
	connection: PostgresConnection,
	database: string,
	execution: RunningExecution,
	signal: AbortSignal,
): Promise<void> {
	let isOwn: boolean;
	try {
		isOwn = await withClient(connection, { database }, signal, async (client) => holds(client, execution));
	} catch (error) {
		// That there is no such database is for the restore to say.
		if (error instanceof BackupError && error.code === 'not-found') return;
		throw error;
	}
	if (!isOwn) return;
	throw new BackupError(
		'bad-parameter',
		`"${database}" is the database of the n8n that runs this workflow: it cannot be replaced from inside`,
		{
			advice: `Stop n8n and its workers, then run n8n-backup restore postgres NAME --replace ${database} (docs/restore.md), or restore into a new database; nothing was changed`,
		},
	);
}

/** n8n can be told to use another schema and to put a prefix before every name. */
async function holds(client: pg.Client, { workflowId, executionId }: RunningExecution): Promise<boolean> {
	const { rows } = await client.query<{ schema: string; name: string }>(
		`SELECT nspname AS schema, relname AS name
		FROM pg_catalog.pg_class c
		JOIN pg_catalog.pg_namespace n ON n.oid = relnamespace
		WHERE relname LIKE '%execution\\_entity' AND relkind = 'r' AND 3 = (
			SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute
			WHERE attrelid = c.oid AND attname IN ('id', 'workflowId', 'stoppedAt') AND NOT attisdropped
		)`,
	);
	for (const { schema, name } of rows) {
		const running = await client.query(
			// One that had waited, for a form, keeps the time at which it began to wait.
			`SELECT FROM ${quoteIdentifier(schema)}.${quoteIdentifier(name)} AS execution
			WHERE id::text = $1 AND "workflowId"::text = $2
				AND ("stoppedAt" IS NULL OR pg_catalog.to_jsonb(execution) ->> 'status' IN ('new', 'running'))`,
			[executionId, workflowId],
		);
		if (running.rowCount !== 0) return true;
	}
	return false;
}
