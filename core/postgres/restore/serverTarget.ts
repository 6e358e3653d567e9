import type pg from 'pg';
import { closeClient, openClient } from '../connect/client';
import type { PostgresConnection } from '../connect/connection';
import { serverQueries } from '../queries';
import type { LoadTarget } from './loadDump';
import { RestoreSession } from './restoreSession';

/** A database of a server, as a dump is loaded into it. */
export interface ServerDatabase {
	connection: PostgresConnection;
	database: string;
	/** Connected to that database. */
	client: pg.Client;
	serverMajor: number;
	/** Of the sessions that are opened beside the client's. */
	settings: Record<string, string>;
}

export function serverTarget(
	{ client, connection, database, serverMajor, settings }: ServerDatabase,
	signal: AbortSignal,
): LoadTarget {
	return {
		session: new RestoreSession(client, connection, signal),
		queries: serverQueries(client),
		serverMajor,
		openHelper: async () => {
			const helper = await openClient(connection, { database, settings }, signal);
			return {
				session: new RestoreSession(helper, connection, signal),
				close: async () => closeClient(helper),
			};
		},
	};
}
