import { addAbortListener } from 'node:events';
import type { Duplex } from 'node:stream';
import pg from 'pg';
import { cancelledError } from '../errors';
import { openTransport } from './connect/transport';
import { connectTimeoutOf, type PostgresConnection } from './connection';
import { loginError, serverError } from './serverError';

export { serverError } from './serverError';

export interface ClientOptions {
	/** The database to connect to; the connection's own when undefined. */
	database?: string;
	/** How the session calls itself in pg_stat_activity. */
	applicationName?: string;
	/** Settings for the session, such as `work_mem: '4MB'`. */
	settings?: Record<string, string>;
}

/**
 * A connected `pg` client, over the same transport as a dump (TCP, TLS, SSH tunnel). The signal closes its
 * connection at once, whatever it is waiting for. A connection that is lost while nothing is asked of it is
 * noticed by the next query; it never crashes the process.
 *
 * @throws BackupError `unreachable`, `auth` (also for TLS), `not-found` for a database that does not exist
 */
export async function openClient(
	connection: PostgresConnection,
	options: ClientOptions,
	signal: AbortSignal,
): Promise<pg.Client> {
	const transport = await openTransport(connection, signal);
	const abortion = addAbortListener(signal, () => transport.destroy());
	transport.once('close', () => abortion[Symbol.dispose]());
	const database = options.database ?? connection.database;
	const client = new pg.Client({
		user: connection.user,
		password: connection.password,
		database,
		application_name: options.applicationName ?? 'n8n-nodes-backup',
		ssl: false,
		// Of a server that takes the connection and then says nothing.
		connectionTimeoutMillis: connectTimeoutOf(connection),
		stream: () => asPgStream(transport),
	});
	client.on('error', () => {});
	try {
		await client.connect();
	} catch (error) {
		transport.destroy();
		throw signal.aborted ? cancelledError(error) : loginError(error, { ...connection, database });
	}
	try {
		for (const [name, value] of Object.entries(options.settings ?? {})) {
			await client.query('SELECT pg_catalog.set_config($1, $2, false)', [name, value]);
		}
		return client;
	} catch (error) {
		transport.destroy();
		throw signal.aborted ? cancelledError(error) : serverError(error, connection);
	}
}

/** Ends a client's connection; never throws, and does not wait for a server that no longer answers. */
export async function closeClient(client: pg.Client): Promise<void> {
	const timer = setTimeout(() => client.connection.stream.destroy(), 2_000);
	await client.end().catch(() => {});
	clearTimeout(timer);
}

/**
 * Lends a client and closes it afterwards.
 *
 * @throws BackupError for the connection, the log-in and whatever the server refuses meanwhile
 */
export async function withClient<Result>(
	connection: PostgresConnection,
	options: ClientOptions,
	signal: AbortSignal,
	use: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
	const client = await openClient(connection, options, signal);
	try {
		return await use(client);
	} catch (error) {
		throw signal.aborted ? cancelledError(error) : serverError(error, connection);
	} finally {
		await closeClient(client);
	}
}

/** pg wants to connect a socket by itself: it gets one that is connected already and says so when asked. */
function asPgStream(transport: Duplex): Duplex {
	const unneeded = () => transport;
	return Object.assign(transport, {
		connect: () => process.nextTick(() => transport.emit('connect')),
		setNoDelay: unneeded,
		setKeepAlive: unneeded,
		ref: unneeded,
		unref: unneeded,
	});
}
