import type pg from 'pg';
import { BackupError, errorMessage } from '../../errors';
import { loginProcessId } from './clientState';
import { describeServer, type PostgresConnection } from './connection';

/** A pool that lends sessions is found out at once; more rounds are for pools that others use meanwhile. */
const rounds = 3;

/** A pool of a single session lets a second client wait for it. In milliseconds. */
const patienceMs = 3_000;

/**
 * Finds the process that serves a client, and makes sure that it serves nobody else. A connection pooler in
 * transaction mode gives each transaction a session that others have used and will use: whatever is set in it reaches
 * them, and what was set is gone with the next. Nothing is set to find that out.
 *
 * A process that calls itself at log-in (BackendKeyData) what it is has no pooler before it. Behind one, a second client
 * is served meanwhile: sessions change hands only when they are shared.
 *
 * @returns the process's id, as pg_stat_activity has it
 * @throws BackupError `unsupported` for a shared session
 */
export async function exclusiveProcess(
	client: pg.Client,
	connection: PostgresConnection,
	openSecond: () => Promise<pg.Client>,
): Promise<number> {
	const first = await processOf(client);
	if (first === loginProcessId(client)) return first;
	const second = await openSecond();
	try {
		if (await changesHands(client, first, second)) throw sharedSession(connection);
		return first;
	} finally {
		// A farewell would wait for a session that it may never get.
		second.connection.stream.destroy();
	}
}

async function changesHands(client: pg.Client, first: number, second: pg.Client): Promise<boolean> {
	for (let round = 0; round < rounds; round++) {
		const other = await inTransaction(second);
		// It waits for the very session that the first one keeps, though it does nothing with it.
		if (other === undefined) return false;
		if (other === 'refused' || other === first) return true;
		if ((await processOf(client)) !== first) return true;
		await second.query('COMMIT');
		if ((await processOf(client)) !== first) return true;
	}
	return false;
}

/** Begins a transaction, and leaves it open. Poolers in statement mode allow none. */
async function inTransaction(client: pg.Client): Promise<number | 'refused' | undefined> {
	const asked = client.query('BEGIN').then(
		() => processOf(client),
		(error: unknown) => {
			if (/pooling mode/.test(errorMessage(error))) return 'refused' as const;
			throw error;
		},
	);
	asked.catch(() => {});
	let timer: NodeJS.Timeout | undefined;
	const late = new Promise<undefined>((resolve) => {
		timer = setTimeout(() => resolve(undefined), patienceMs);
	});
	return await Promise.race([asked, late]).finally(() => clearTimeout(timer));
}

async function processOf(client: pg.Client): Promise<number> {
	const { rows } = await client.query<{ pid: number }>('SELECT pg_catalog.pg_backend_pid() AS pid');
	return rows[0]!.pid;
}

function sharedSession(connection: PostgresConnection): BackupError {
	return new BackupError(
		'unsupported',
		`${describeServer(connection)} is a connection pooler that shares sessions between its clients (transaction mode)`,
		{
			advice:
				'Connect to PostgreSQL itself, or to a pool in session mode: the settings of a backup or a restore would reach other clients',
		},
	);
}
