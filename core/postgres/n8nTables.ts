import type { TextQueries } from './queries';
import { quoteIdentifier } from './sql';

/** Where n8n's tables are: it can be told to use another schema and to put a prefix before every name. */
export interface N8nTables {
	schema: string;
	prefix: string;
}

/** Every n8n of the database, in the order of their names. */
export async function findN8nTables(queries: TextQueries): Promise<N8nTables[]> {
	const found = await queries.query<N8nTables>(
		`SELECT nspname AS schema, pg_catalog.regexp_replace(relname, 'credentials_entity$', '') AS prefix
		FROM pg_catalog.pg_class c
		JOIN pg_catalog.pg_namespace n ON n.oid = relnamespace
		WHERE relname LIKE '%credentials\\_entity' AND relkind = 'r' AND 3 = (
			SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute
			WHERE attrelid = c.oid AND attname IN ('data', 'type', 'updatedAt') AND NOT attisdropped
		)
		ORDER BY nspname, relname`,
	);
	return found.rows;
}

/** One of n8n's tables as SQL names it. */
export function tableName({ schema, prefix }: N8nTables, name: string): string {
	return `${quoteIdentifier(schema)}.${quoteIdentifier(`${prefix}${name}`)}`;
}

export async function isThere(queries: TextQueries, table: string): Promise<boolean> {
	const { rows } = await queries.query('SELECT 1 WHERE pg_catalog.to_regclass($1) IS NOT NULL', [table]);
	return rows.length > 0;
}

/** What a check is called: it says which n8n it is of where there are several. */
export function nameFor(check: string, { schema, prefix }: N8nTables, all: readonly N8nTables[]): string {
	return all.length > 1 ? `${check} of ${schema}.${prefix}*` : check;
}
