import { TLSSocket } from 'node:tls';
import { withClient } from './client';
import type { PostgresConnection } from './connection';

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
 * Names of all databases that accept connections, without the templates, in alphabetical order.
 *
 * @throws BackupError when the server cannot be reached or refuses the log-in
 */
export async function listDatabases(connection: PostgresConnection, signal: AbortSignal): Promise<string[]> {
	return await withClient(connection, {}, signal, async (client) => {
		const { rows } = await client.query<{ datname: string }>(
			'SELECT datname FROM pg_catalog.pg_database WHERE datallowconn AND NOT datistemplate ORDER BY datname COLLATE "C"',
		);
		return rows.map(({ datname }) => datname);
	});
}
