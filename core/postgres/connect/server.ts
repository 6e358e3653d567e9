import { TLSSocket } from 'node:tls';
import { withClient } from './client';
import type { PostgresConnection } from './connection';
import { type DatabaseList, databaseList, databaseQuestion, type DatabaseState } from './databaseList';

export interface ServerVersion {
	/** As the server says it: `15.18 (Debian 15.18-0+deb12u1)`. */
	text: string;
	/** 15; for servers before 10, 9. */
	major: number;
	/** Whether it was asked over TLS; with `prefer`, the server decides. */
	isEncrypted: boolean;
}

/**
 * The version of the server.
 *
 * @throws BackupError when the server cannot be reached or refuses the log-in
 */
export async function serverVersion(
	connection: PostgresConnection,
	signal: AbortSignal,
): Promise<ServerVersion> {
	return await withClient(connection, {}, signal, async (client) => {
		const { rows } = await client.query<{ server_version: string }>('SHOW server_version');
		const text = rows[0]!.server_version;
		return {
			text,
			major: Number.parseInt(text, 10),
			isEncrypted: client.connection.stream instanceof TLSSocket,
		};
	});
}

/**
 * The databases of a server that can be backed up, in alphabetical order.
 *
 * @throws BackupError when the server cannot be reached or refuses the log-in
 */
export async function listDatabases(
	connection: PostgresConnection,
	signal: AbortSignal,
): Promise<DatabaseList> {
	return await withClient(connection, {}, signal, async (client) => {
		const { rows } = await client.query<{ state: DatabaseState; name: string }>(databaseQuestion);
		return databaseList(rows);
	});
}
