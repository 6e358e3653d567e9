import type { PostgresConnection } from '../connect/connection';

/** What pg_dump and libpq say themselves is in English then; what the server says is in its own language. */
export const plainWords = { LC_ALL: 'C', LANGUAGE: 'C' };

/**
 * Who logs in to which database, by environment (PostgreSQL's documentation, "Environment Variables"): so that no
 * secret stands in an argument list and no name is taken for a connection string (`-d` reads one).
 *
 * @param applicationName what the session calls itself
 */
export function loginVariables(
	{ user, password }: Pick<PostgresConnection, 'user' | 'password'>,
	database: string,
	applicationName: string,
): Record<string, string> {
	return { PGUSER: user, PGPASSWORD: password, PGDATABASE: database, PGAPPNAME: applicationName };
}
