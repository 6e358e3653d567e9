import { queryTexts } from '../connect/serverText';
import type { TextQueries } from '../queries';

/** What a dump refers to and does not hold, and what is there before it is loaded. */
export interface Surroundings {
	roles: ReadonlySet<string>;
	tablespaces: ReadonlySet<string>;
	schemas: ReadonlySet<string>;
}

/** Reads them from the database that a dump is loaded into. */
export async function readSurroundings(queries: TextQueries): Promise<Surroundings> {
	const namesIn = async (catalog: string, column: string) =>
		new Set(await queryTexts(queries, `SELECT ${column} FROM pg_catalog.${catalog}`));
	return {
		roles: await namesIn('pg_roles', 'rolname'),
		tablespaces: await namesIn('pg_tablespace', 'spcname'),
		schemas: await namesIn('pg_namespace', 'nspname'),
	};
}
