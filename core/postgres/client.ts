import pg from 'pg';
import type { ConnectionOptions } from 'node:tls';
import { BackupError, cancelledError, errorCode, errorMessage, networkError } from '../errors';
import { describeServer, type PostgresConnection, type TlsSettings } from './connection';

export interface ClientOptions {
	/** The database to connect to; the connection's own when undefined. */
	database?: string;
	/** How the session calls itself in pg_stat_activity. */
	applicationName?: string;
	/** Settings for the session, such as `work_mem: '4MB'`. */
	settings?: Record<string, string>;
}

/**
 * A connected `pg` client. The signal closes its connection at once, whatever it is waiting for. A connection
 * that is lost while nothing is asked of it is noticed by the next query; it never crashes the process.
 *
 * @throws BackupError `unreachable`, `auth` (also for TLS), `not-found` for a database that does not exist
 */
export async function openClient(
	connection: PostgresConnection,
	options: ClientOptions,
	signal: AbortSignal,
): Promise<pg.Client> {
	if (signal.aborted) throw cancelledError(signal.reason);
	const client = await connectWithTls(connection, options, signal);
	const destroy = () => destroySocket(client);
	signal.addEventListener('abort', destroy, { once: true });
	client.once('end', () => signal.removeEventListener('abort', destroy));
	try {
		for (const [name, value] of Object.entries(options.settings ?? {})) {
			await client.query('SELECT pg_catalog.set_config($1, $2, false)', [name, value]);
		}
		return client;
	} catch (error) {
		destroySocket(client);
		throw signal.aborted ? cancelledError(error) : serverError(error, connection);
	}
}

/** Ends a client's connection; never throws, and does not wait for a server that no longer answers. */
export async function closeClient(client: pg.Client): Promise<void> {
	const timer = setTimeout(() => destroySocket(client), 2_000);
	await client.end().catch(() => {});
	clearTimeout(timer);
}

/**
 * An error that a server or its connection reported while something was asked of it.
 *
 * @param doing what was being done, for the sentence: `Creating the database "n8n"`
 */
export function serverError(error: unknown, connection: PostgresConnection, doing?: string): BackupError {
	if (error instanceof BackupError) return error;
	const server = describeServer(connection);
	const state = errorCode(error);
	if (state === undefined || !/^[0-9A-Z]{5}$/.test(state)) return networkError(lostConnection(error), server);
	const what = `${doing ? `${doing} failed: ` : ''}${server} says: ${errorMessage(error)}`;
	return new BackupError('server', what, { advice: adviceFor(state), cause: error });
}

const adviceByState: Record<string, string> = {
	'42501': 'Connect as a superuser, or as the role that owns what is concerned',
	'53100': 'Free space on the server’s disk, then run it again',
	'53200': 'Give the server more memory, or lower its maintenance_work_mem',
	'53300': 'Close connections to that server, or raise its max_connections',
	'55006': 'Stop what uses that database (for n8n’s own: n8n and its workers), then run it again',
	'57P01': 'Look into that server’s log for the reason, then run it again',
};

function adviceFor(state: string): string {
	return adviceByState[state] ?? 'Look into that server’s log for more, then run it again';
}

/** `prefer` asks for TLS and takes no for an answer, as libpq does. */
async function connectWithTls(
	connection: PostgresConnection,
	options: ClientOptions,
	signal: AbortSignal,
): Promise<pg.Client> {
	try {
		return await connect(connection, options, tlsOptions(connection.tls), signal);
	} catch (error) {
		const refused = errorMessage(error) === 'The server does not support SSL connections';
		if (!refused || connection.tls.mode !== 'prefer')
			throw connectionError(error, connection, options, signal);
	}
	try {
		return await connect(connection, options, false, signal);
	} catch (error) {
		throw connectionError(error, connection, options, signal);
	}
}

async function connect(
	connection: PostgresConnection,
	options: ClientOptions,
	ssl: ConnectionOptions | false,
	signal: AbortSignal,
): Promise<pg.Client> {
	const client = new pg.Client({
		host: connection.host,
		port: connection.port,
		user: connection.user,
		password: connection.password,
		database: options.database ?? connection.database,
		application_name: options.applicationName ?? 'n8n-nodes-backup',
		connectionTimeoutMillis: connection.connectTimeoutMs ?? 15_000,
		keepAlive: true,
		ssl,
	});
	client.on('error', () => {});
	const destroy = () => destroySocket(client);
	signal.addEventListener('abort', destroy, { once: true });
	try {
		await client.connect();
		return client;
	} catch (error) {
		destroySocket(client);
		throw error;
	} finally {
		signal.removeEventListener('abort', destroy);
	}
}

function tlsOptions(tls: TlsSettings): ConnectionOptions | false {
	if (tls.mode === 'disable') return false;
	return {
		rejectUnauthorized: tls.verifyCertificate,
		ca: tls.ca,
		cert: tls.certificate,
		key: tls.key,
	};
}

function destroySocket(client: pg.Client): void {
	client.connection.stream.destroy();
}

function connectionError(
	error: unknown,
	connection: PostgresConnection,
	options: ClientOptions,
	signal: AbortSignal,
): BackupError {
	if (signal.aborted) return cancelledError(error);
	const server = describeServer(connection);
	switch (errorCode(error)) {
		case '28P01':
		case '28000':
			return new BackupError(
				'auth',
				`${server} refused the user "${connection.user}": ${errorMessage(error)}`,
				{
					advice: 'Correct user and password in the credential, or the server’s pg_hba.conf',
					cause: error,
				},
			);
		case '3D000': {
			const database = options.database ?? connection.database;
			return new BackupError('not-found', `${server} has no database "${database}"`, {
				advice: 'Correct the name of the database',
				cause: error,
			});
		}
		default:
			return serverError(error, connection, 'Connecting');
	}
}

/** `pg` says some of what happens to a socket in words only. */
function lostConnection(error: unknown): unknown {
	const message = errorMessage(error);
	if (/^Connection terminated|not queryable|write after end|stream was destroyed/i.test(message)) {
		return Object.assign(new Error(message), { code: 'ECONNRESET' });
	}
	if (/^timeout expired/.test(message)) return Object.assign(new Error(message), { code: 'ETIMEDOUT' });
	return error;
}
