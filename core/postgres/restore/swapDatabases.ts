import { setTimeout as sleep } from 'node:timers/promises';
import { serverError, withClient } from '../client';
import { quoteIdentifier } from '../sql';
import { type Maintenance, terminateOthers } from './maintenance';

export interface Swap {
	/** The name that changes hands. */
	database: string;
	/** The database that is to have it. */
	successor: string;
	/** What the present one is called from then on. */
	retired: string;
}

/**
 * Gives a database's name to another one: both renames in one transaction, so there is no moment without a
 * database of that name, and a failure leaves everything as it was.
 *
 * A rename locks out new connections and then waits up to five seconds for the present ones to end
 * (src/backend/commands/dbcommands.c, RenameDatabase); they are ended meanwhile from a second connection.
 *
 * @throws BackupError when sessions cannot be ended, or the user owns neither database
 */
export async function swapDatabases(
	maintenance: Maintenance,
	{ database, successor, retired }: Swap,
	signal: AbortSignal,
): Promise<void> {
	const { connection } = maintenance;
	const rename = (from: string, to: string) =>
		`ALTER DATABASE ${quoteIdentifier(from)} RENAME TO ${quoteIdentifier(to)}`;
	await withClient(connection, { database: maintenance.database }, signal, async (client) => {
		const done = new AbortController();
		const ending = endSessions(maintenance, database, AbortSignal.any([signal, done.signal]));
		try {
			await client.query('BEGIN');
			await client.query(rename(database, retired));
			await client.query(rename(successor, database));
			await client.query('COMMIT');
		} catch (error) {
			throw serverError(error, connection, `Putting the restored database in the place of "${database}"`);
		} finally {
			done.abort();
			await ending;
		}
	});
}

/** Ends the database's sessions again and again until told to stop. Never throws: the rename says what it lacks. */
async function endSessions(maintenance: Maintenance, database: string, signal: AbortSignal): Promise<void> {
	try {
		await withClient(maintenance.connection, { database: maintenance.database }, signal, async (client) => {
			while (!signal.aborted) {
				await terminateOthers(client, database);
				await sleep(50, undefined, { signal });
			}
		});
	} catch {
		// Told to stop, or not allowed to.
	}
}
