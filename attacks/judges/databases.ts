import type { PostgresServer } from '../../lab/servers/postgres.ts';
import { hashOfDump } from './summaryOf.ts';

/** What a database holds, as the native pg_dump sees it: two are the same where these are. */
export async function fingerprint(server: PostgresServer, database: string): Promise<string> {
	const dump = await server.client('pg_dump', ['--dbname', database]);
	return hashOfDump(dump.toString());
}

/** The names of a server's databases, but for the templates. */
export async function databaseNames(server: PostgresServer): Promise<string[]> {
	const rows = await server.query<{ datname: string }>(
		'SELECT datname FROM pg_database WHERE NOT datistemplate ORDER BY datname',
	);
	return rows.map(({ datname }) => datname);
}
