import type pg from 'pg';
import { BackupError } from '../../errors';
import { serverError, withClient } from '../connect/client';
import { describeServer, type PostgresConnection } from '../connect/connection';
import { quoteIdentifier } from '../sql';

/** Time that tidying up may take after a run has failed or was cancelled. In milliseconds. */
const cleanUpTimeoutMs = 30_000;

/**
 * The server seen from a database that is not concerned by a restore, for what no database can have done to
 * itself: creating, renaming, dropping.
 */
export interface Maintenance {
	connection: PostgresConnection;
	/** Where it connects to. */
	database: string;
	/** The server's major version. */
	major: number;
}

/**
 * Finds a database to work from: the connection's own unless it is the one concerned, or one of those that every
 * server has.
 *
 * @throws BackupError when none can be connected to, or when the user may not create databases
 */
export async function findMaintenance(
	connection: PostgresConnection,
	concerned: string | undefined,
	signal: AbortSignal,
): Promise<Maintenance> {
	const candidates = [connection.database, 'postgres', 'template1'].filter((name) => name !== concerned);
	let firstError: unknown;
	for (const database of new Set(candidates)) {
		try {
			return await inspectServer(connection, database, signal);
		} catch (error) {
			const canTryAnother =
				error instanceof BackupError && (error.code === 'not-found' || error.code === 'not-permitted');
			if (!canTryAnother) throw error;
			firstError ??= error;
		}
	}
	throw firstError;
}

/**
 * Runs statements on a connection of their own.
 *
 * @param doing what they are for, for the error: `Creating the database "n8n"`
 */
export async function runMaintenance(
	{ connection, database }: Maintenance,
	statements: string[],
	doing: string,
	signal: AbortSignal,
): Promise<void> {
	await withClient(connection, { database }, signal, async (client) => {
		try {
			for (const statement of statements) await client.query(statement);
		} catch (error) {
			throw serverError(error, connection, doing);
		}
	});
}

/** Whether the server has a database of that name. */
export async function databaseExists(
	{ connection, database }: Maintenance,
	name: string,
	signal: AbortSignal,
): Promise<boolean> {
	return withClient(connection, { database }, signal, async (client) => {
		const found = await client.query('SELECT 1 FROM pg_catalog.pg_database WHERE datname = $1', [name]);
		return found.rows.length > 0;
	});
}

/**
 * Drops a database with whatever still uses it. It takes no signal: it is what has to be done after a run was
 * cancelled.
 *
 * @throws BackupError when the server does not do it
 */
export async function dropDatabase(maintenance: Maintenance, name: string): Promise<void> {
	const signal = AbortSignal.timeout(cleanUpTimeoutMs);
	const { connection, database, major } = maintenance;
	await withClient(connection, { database }, signal, async (client) => {
		try {
			if (major < 13) await terminateOthers(client, name);
			const force = major >= 13 ? ' WITH (FORCE)' : '';
			await client.query(`DROP DATABASE IF EXISTS ${quoteIdentifier(name)}${force}`);
		} catch (error) {
			throw serverError(error, connection, `Dropping the database "${name}"`);
		}
	});
}

/** Ends all other sessions in a database, as far as the user may. */
export async function terminateOthers(client: pg.Client, database: string): Promise<void> {
	await client.query(
		`SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity
		WHERE datname = $1 AND pid <> pg_catalog.pg_backend_pid()`,
		[database],
	);
}

async function inspectServer(
	connection: PostgresConnection,
	database: string,
	signal: AbortSignal,
): Promise<Maintenance> {
	return withClient(connection, { database }, signal, async (client) => {
		const result = await client.query<{ version: string; mayCreate: boolean }>(
			`SELECT pg_catalog.current_setting('server_version_num') AS version,
				rolsuper OR rolcreatedb AS "mayCreate"
			FROM pg_catalog.pg_roles WHERE rolname = current_user`,
		);
		const [user] = result.rows;
		if (!user?.mayCreate) throw mayNotCreate(connection);
		return { connection, database, major: Math.floor(Number(user.version) / 10_000) };
	});
}

function mayNotCreate(connection: PostgresConnection): BackupError {
	const what = `The user "${connection.user}" may not create databases on ${describeServer(connection)}`;
	return new BackupError('auth', what, {
		advice: 'Connect as a superuser, or let that user do it: ALTER ROLE … CREATEDB',
	});
}
