import { addAbortListener } from 'node:events';
import type pg from 'pg';
import { BackupError, cancelledError } from '../../errors';
import { closeClient, openClient, serverError } from '../connect/client';
import { describeServer, type PostgresConnection } from '../connect/connection';
import { quoteIdentifier } from '../sql';

/** Time that tidying up may take after a run has failed or was cancelled. In milliseconds. */
const cleanUpTimeoutMs = 30_000;

/** CREATE DATABASE copies it, unless it is told otherwise, and nobody may be in it meanwhile. */
const usualTemplate = 'template1';

/** A connection, and those who ask over it in this moment. */
interface Session {
	client: Promise<pg.Client>;
	/** Cuts the connection. */
	life: AbortController;
	users: number;
}

/**
 * The server seen from a database that is not concerned by a restore, for what no database can have done to
 * itself: creating, renaming, dropping. Everything is asked in one session, which is opened again when it was lost
 * while nothing was asked of it.
 */
export class Maintenance implements AsyncDisposable {
	readonly connection: PostgresConnection;
	/** Where it connects to. */
	readonly database: string;
	/** The server's major version. */
	major = 0;
	#session: Session | undefined;

	private constructor(connection: PostgresConnection, database: string) {
		this.connection = connection;
		this.database = database;
	}

	/**
	 * Finds a database to work from: the connection's own unless it is the one concerned, or one of those that every
	 * server has.
	 *
	 * @throws BackupError when none can be connected to, or when the user may not create databases
	 */
	static async open(
		connection: PostgresConnection,
		concerned: string | undefined,
		signal: AbortSignal,
	): Promise<Maintenance> {
		const candidates = [connection.database, 'postgres', usualTemplate].filter((name) => name !== concerned);
		let firstError: unknown;
		for (const database of new Set(candidates)) {
			const maintenance = new Maintenance(connection, database);
			try {
				await maintenance.#inspect(signal);
				return maintenance;
			} catch (error) {
				await maintenance[Symbol.asyncDispose]();
				const canTryAnother =
					error instanceof BackupError && (error.code === 'not-found' || error.code === 'not-permitted');
				if (!canTryAnother) throw error;
				firstError ??= error;
			}
		}
		throw firstError;
	}

	/**
	 * Asks something of the server. A signal that fires meanwhile cuts the connection.
	 *
	 * @param doing what it is for, for the error: `Creating the database "n8n"`
	 * @throws BackupError for the connection, the log-in and whatever the server refuses
	 */
	async use<Result>(
		work: (client: pg.Client) => Promise<Result>,
		signal: AbortSignal,
		doing?: string,
	): Promise<Result> {
		if (signal.aborted) throw cancelledError(signal.reason);
		const session = (this.#session ??= this.#begin());
		session.users++;
		const abortion = addAbortListener(signal, () => session.life.abort());
		try {
			return await work(await session.client);
		} catch (error) {
			throw signal.aborted ? cancelledError(error) : serverError(error, this.connection, doing);
		} finally {
			abortion[Symbol.dispose]();
			session.users--;
			if (this.database === usualTemplate && session.users === 0) await this.#end(session);
		}
	}

	async [Symbol.asyncDispose](): Promise<void> {
		if (this.#session) await this.#end(this.#session);
	}

	#begin(): Session {
		const life = new AbortController();
		const client = openClient(this.connection, { database: this.database }, life.signal);
		const session = { client, life, users: 0 };
		const forget = () => {
			if (this.#session === session) this.#session = undefined;
		};
		client.then((opened) => opened.once('error', forget).once('end', forget), forget);
		return session;
	}

	async #end(session: Session): Promise<void> {
		if (this.#session === session) this.#session = undefined;
		await session.client.then(closeClient, () => {});
	}

	async #inspect(signal: AbortSignal): Promise<void> {
		await this.use(async (client) => {
			const result = await client.query<{ version: string; mayCreate: boolean }>(
				`SELECT pg_catalog.current_setting('server_version_num') AS version,
					rolsuper OR rolcreatedb AS "mayCreate"
				FROM pg_catalog.pg_roles WHERE rolname = current_user`,
			);
			const [user] = result.rows;
			if (!user?.mayCreate) throw mayNotCreate(this.connection);
			this.major = Math.floor(Number(user.version) / 10_000);
		}, signal);
	}
}

/**
 * Runs statements one by one.
 *
 * @param doing what they are for, for the error: `Creating the database "n8n"`
 */
export async function runMaintenance(
	maintenance: Maintenance,
	statements: string[],
	doing: string,
	signal: AbortSignal,
): Promise<void> {
	await maintenance.use(
		async (client) => {
			for (const statement of statements) await client.query(statement);
		},
		signal,
		doing,
	);
}

/** Whether the server has a database of that name. */
export async function databaseExists(
	maintenance: Maintenance,
	name: string,
	signal: AbortSignal,
): Promise<boolean> {
	return maintenance.use(async (client) => {
		const found = await client.query('SELECT 1 FROM pg_catalog.pg_database WHERE datname = $1', [name]);
		return found.rows.length > 0;
	}, signal);
}

/**
 * Drops a database with whatever still uses it. It takes no signal: it is what has to be done after a run was
 * cancelled.
 *
 * @throws BackupError when the server does not do it
 */
export async function dropDatabase(maintenance: Maintenance, name: string): Promise<void> {
	await maintenance.use(
		async (client) => {
			if (maintenance.major < 13) await terminateOthers(client, name);
			const force = maintenance.major >= 13 ? ' WITH (FORCE)' : '';
			await client.query(`DROP DATABASE IF EXISTS ${quoteIdentifier(name)}${force}`);
		},
		AbortSignal.timeout(cleanUpTimeoutMs),
		`Dropping the database "${name}"`,
	);
}

/** Ends all other sessions in a database, as far as the user may. */
export async function terminateOthers(client: pg.Client, database: string): Promise<void> {
	await client.query(
		`SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity
		WHERE datname = $1 AND pid <> pg_catalog.pg_backend_pid()`,
		[database],
	);
}

function mayNotCreate(connection: PostgresConnection): BackupError {
	const what = `The user "${connection.user}" may not create databases on ${describeServer(connection)}`;
	return new BackupError('auth', what, {
		advice: 'Connect as a superuser, or let that user do it: ALTER ROLE … CREATEDB',
	});
}
