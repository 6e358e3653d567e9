import type pg from 'pg';
import { closeClient, openClient } from '../connect/client';
import type { PostgresConnection } from '../connect/connection';
import { serverQueries } from '../queries';
import type { LoadTarget } from './loadDump';
import { RestoreSession } from './restoreSession';

/** A table of which no row depends on another one. */
const plainTable = `SELECT FROM pg_catalog.pg_class WHERE oid = pg_catalog.to_regclass($1)
	AND relkind = 'r' AND NOT relhasindex AND NOT relhastriggers AND NOT relhasrules`;

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
	const session = new RestoreSession(client, connection, signal);
	return {
		session,
		isBetweenTransactions: () => session.isBetweenTransactions,
		queries: serverQueries(client),
		serverMajor,
		openHelper: async () => {
			const helper = await openClient(connection, { database, settings }, signal);
			return {
				session: new RestoreSession(helper, connection, signal),
				canSendRowsTo: async (table) => {
					const { rowCount } = await helper.query(plainTable, [table]).catch(() => ({ rowCount: 0 }));
					return rowCount === 1;
				},
				close: async () => closeClient(helper),
			};
		},
	};
}
