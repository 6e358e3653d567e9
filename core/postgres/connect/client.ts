import { addAbortListener } from 'node:events';
import type { Duplex } from 'node:stream';
import pg from 'pg';
import { cancelledError } from '../../errors';
import { awaitsServer } from './clientState';
import { openTransport } from './transport';
import { connectTimeoutOf, idleTimeoutOf, type PostgresConnection } from './connection';
import { loginError, serverError } from './serverError';
import { activityQuestion, readActivity, type SessionIdentity } from './sessionActivity';
import { readSessionErrors } from './sessionErrors';
import { undoTimeouts } from './sessionSettings';
import { exclusiveProcess } from './sharedSession';
import { type SessionActivity, watchForSilence } from './silence';

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
 * connection at once, whatever it is waiting for; so does a server that falls silent. A connection that is lost while
 * nothing is asked of it is noticed by the next query; it never crashes the process.
 *
 * The session is nobody else's, and time-outs that its role or database was given are off.
 *
 * @throws BackupError `unreachable`, `auth` (also for TLS), `not-found` for a database that does not exist,
 * `unsupported` behind a connection pooler that shares sessions
 */
export async function openClient(
	connection: PostgresConnection,
	options: ClientOptions,
	signal: AbortSignal,
): Promise<pg.Client> {
	const client = await logIn(connection, options, signal);
	const session: WatchedSession = {};
	watchClient(client, session, connection);
	try {
		session.pid = await exclusiveProcess(client, connection, async () => {
			const second = await logIn(connection, options, signal);
			watchClient(second, {}, connection);
			return second;
		});
		await client.query(undoTimeouts);
		for (const [name, value] of Object.entries(options.settings ?? {})) {
			await client.query('SELECT pg_catalog.set_config($1, $2, false)', [name, value]);
		}
		return client;
	} catch (error) {
		client.connection.stream.destroy();
		throw signal.aborted ? cancelledError(error) : serverError(error, connection);
	}
}

/** A client that has logged in and done nothing else. */
async function logIn(
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
	readSessionErrors(client, transport);
	try {
		await client.connect();
		return client;
	} catch (error) {
		transport.destroy();
		throw signal.aborted ? cancelledError(error) : loginError(error, { ...connection, database });
	}
}

/**
 * What the server says of a session of ours, asked over a connection of its own.
 *
 * @throws BackupError `unreachable` when it does not answer in time
 */
export async function askActivity(
	connection: PostgresConnection,
	session: SessionIdentity,
): Promise<SessionActivity> {
	const signal = AbortSignal.timeout(connectTimeoutOf(connection));
	let client: pg.Client | undefined;
	try {
		client = await logIn(connection, {}, signal);
		const { rows } = await client.query<{ line: string }>(activityQuestion(session));
		return readActivity(
			rows.map(({ line }) => line),
			idleTimeoutOf(connection),
		);
	} catch (error) {
		const explained = serverError(error, connection);
		// A server that refuses is there, but cannot be asked.
		if (explained.code !== 'unreachable' && !signal.aborted) return 'unknown';
		throw explained;
	} finally {
		client?.connection.stream.destroy();
	}
}

interface WatchedSession {
	/** Undefined until the server has said it. */
	pid?: number;
}

function watchClient(client: pg.Client, session: WatchedSession, connection: PostgresConnection): void {
	const { stream } = client.connection;
	let received = 0;
	stream.on('data', (chunk: Buffer) => (received += chunk.length));
	const stop = watchForSilence(connection, {
		progress: () => received - stream.writableLength,
		awaitsServer: () => awaitsServer(client),
		// What is asked before its process is known takes no time.
		ask: async () =>
			session.pid === undefined ? 'waits-for-us' : await askActivity(connection, { pid: session.pid }),
		giveUp: (error) => void stream.destroy(error),
	});
	stream.once('close', stop);
}

/** Ends a client's connection; never throws, and does not wait for a server that no longer answers. */
export async function closeClient(client: pg.Client): Promise<void> {
	const timer = setTimeout(() => client.connection.stream.destroy(), 2_000);
	await client.end().catch(() => {});
	clearTimeout(timer);
}

/** A client that is lent more than once. */
export interface Session extends AsyncDisposable {
	/** @throws BackupError for whatever the server refuses meanwhile */
	use<Result>(work: (client: pg.Client) => Promise<Result>): Promise<Result>;
}

/** @throws BackupError for the connection and the log-in */
export async function openSession(
	connection: PostgresConnection,
	options: ClientOptions,
	signal: AbortSignal,
): Promise<Session> {
	const client = await openClient(connection, options, signal);
	return {
		async use(work) {
			try {
				return await work(client);
			} catch (error) {
				throw signal.aborted ? cancelledError(error) : serverError(error, connection);
			}
		},
		[Symbol.asyncDispose]: async () => await closeClient(client),
	};
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
	await using session = await openSession(connection, options, signal);
	return await session.use(use);
}

/** pg insists on connecting a socket by itself: it gets one that is connected already and says so when asked. */
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
