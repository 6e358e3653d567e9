import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { errorCode, hasCode } from '../../errors';
import { withClient } from '../connect/client';
import { quoteIdentifier } from '../sql';
import { identify, outcomeOf, type Renaming, unknownOutcome } from './lostAnswer';
import { type Maintenance, terminateOthers } from './maintenance';

export interface Rename {
	from: string;
	to: string;
}

/** Milliseconds after which sessions that cannot be ended are given up on. Each attempt of the server takes five seconds. */
const patienceMs = 20_000;

/** What the server says of a database that is being used. */
const inUse = '55006';

/**
 * Gives databases other names, all in one transaction: there is no moment without a database of a name that changes
 * hands, and a failure leaves everything as it was.
 *
 * A rename locks out new connections and then waits up to five seconds for the present ones to end
 * (src/backend/commands/dbcommands.c, RenameDatabase); they are ended meanwhile from a second connection, whoever
 * they belong to: n8n, a pooler, an exporter that visits every database. One that comes back in the wrong moment makes
 * it fail, so it is tried again for a while.
 *
 * Where its answer is lost, the server is asked what became of it.
 *
 * @param doing what it is for, for the error: `Naming the restored database "n8n"`
 * @throws BackupError when sessions cannot be ended, or the user owns one of the databases not; one that says so where
 * nobody knows whether it was done
 */
export async function renameDatabases(
	maintenance: Maintenance,
	renames: readonly Rename[],
	doing: string,
	signal: AbortSignal,
): Promise<void> {
	let renaming: Renaming | undefined;
	try {
		await maintenance.use(
			async (client) => {
				const done = new AbortController();
				const names = renames.map(({ from }) => from);
				const ending = endSessions(maintenance, names, AbortSignal.any([signal, done.signal]));
				try {
					renaming = await identify(client, names[0]!);
					await retryInUse(async () => renameAll(client, renames));
				} finally {
					done.abort();
					await ending;
				}
			},
			signal,
			doing,
		);
	} catch (error) {
		const mayBeDone = hasCode(error, 'unreachable') || hasCode(error, 'cancelled');
		if (!renaming || !mayBeDone) throw error;
		const isDone = await outcomeOf(maintenance, renaming, renames[0]!.to);
		if (isDone === undefined) throw unknownOutcome(error, doing, renames[0]!.to);
		if (!isDone) throw error;
	}
}

/** With this commit everything before it is on the disk, also where the server itself does not wait for that. */
const lastingCommit = `SELECT pg_catalog.set_config('synchronous_commit', 'local', true)
WHERE pg_catalog.current_setting('synchronous_commit') = 'off'`;

async function renameAll(client: pg.Client, renames: readonly Rename[]): Promise<void> {
	await client.query('BEGIN');
	try {
		await client.query(lastingCommit);
		for (const { from, to } of renames) {
			await client.query(`ALTER DATABASE ${quoteIdentifier(from)} RENAME TO ${quoteIdentifier(to)}`);
		}
		await client.query('COMMIT');
	} catch (error) {
		await client.query('ROLLBACK').catch(() => {});
		throw error;
	}
}

async function retryInUse(work: () => Promise<void>): Promise<void> {
	const givenUpAt = performance.now() + patienceMs;
	for (;;) {
		try {
			return await work();
		} catch (error) {
			if (errorCode(error) !== inUse || performance.now() >= givenUpAt) throw error;
		}
	}
}

/** Ends the databases' sessions again and again until told to stop. Never throws: the rename says what it lacks. */
async function endSessions(
	maintenance: Maintenance,
	databases: readonly string[],
	signal: AbortSignal,
): Promise<void> {
	try {
		await withClient(maintenance.connection, { database: maintenance.database }, signal, async (client) => {
			while (!signal.aborted) {
				for (const database of databases) await terminateOthers(client, database);
				await sleep(50, undefined, { signal });
			}
		});
	} catch {
		// Told to stop, or not allowed to.
	}
}
