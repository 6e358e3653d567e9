import { formatBytes, plural } from '../units';

/** Something of a server that a person may choose. */
export interface Choice {
	/** As it is written in a request. */
	value: string;
	/** With what helps to choose: `public.workflow_entity · about 120 rows · 1.2 MB`. */
	label: string;
}

/** Asks a server a question whose answer is lines of JSON. */
export type AskForLines = (question: string) => Promise<string[]>;

/** The databases of a server that accept connections, without the templates. */
export async function browseDatabases(ask: AskForLines): Promise<Choice[]> {
	const lines = await ask(`
SELECT pg_catalog.json_build_object('name', datname, 'bytes', CASE
	WHEN pg_catalog.has_database_privilege(oid, 'CONNECT') THEN pg_catalog.pg_database_size(oid) END)::text
FROM pg_catalog.pg_database WHERE datallowconn AND NOT datistemplate ORDER BY datname COLLATE "C"`);
	return parse<{ name: string; bytes: number | null }>(lines).map(({ name, bytes }) => ({
		value: name,
		label: [name, ...(bytes === null ? [] : [formatBytes(bytes)])].join(' · '),
	}));
}

const ownSchemas = `nspname !~ '^pg_' AND nspname <> 'information_schema'`;

/** The schemas of a database, as patterns of a dump write them. */
export async function browseSchemas(ask: AskForLines): Promise<Choice[]> {
	const lines = await ask(`
SELECT pg_catalog.json_build_object('name', pg_catalog.quote_ident(nspname), 'tables', (
	SELECT pg_catalog.count(*) FROM pg_catalog.pg_class WHERE relnamespace = n.oid AND relkind IN ('r', 'p')))::text
FROM pg_catalog.pg_namespace AS n WHERE ${ownSchemas} ORDER BY nspname COLLATE "C"`);
	return parse<{ name: string; tables: number }>(lines).map(({ name, tables }) => ({
		value: name,
		label: `${name} · ${plural(tables, 'table')}`,
	}));
}

/**
 * The tables of a database, as patterns of a dump write them. Rows and sizes are those of the server's own statistics:
 * to count them, or to ask for a size, waits for whoever has a table locked.
 */
export async function browseTables(ask: AskForLines): Promise<Choice[]> {
	const lines = await ask(`
SELECT pg_catalog.json_build_object(
	'name', pg_catalog.quote_ident(nspname) || '.' || pg_catalog.quote_ident(c.relname), 'rows', c.reltuples::bigint,
	'bytes', (c.relpages::bigint + COALESCE(t.relpages, 0)) * pg_catalog.current_setting('block_size')::bigint)::text
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
	LEFT JOIN pg_catalog.pg_class AS t ON t.oid = c.reltoastrelid
WHERE c.relkind IN ('r', 'p') AND ${ownSchemas} ORDER BY nspname COLLATE "C", c.relname COLLATE "C"`);
	return parse<{ name: string; rows: number; bytes: number }>(lines).map(({ name, rows, bytes }) => ({
		value: name,
		// A server from 14 on says -1 of a table that it has never looked at.
		label: [name, ...(rows < 0 ? [] : [`about ${plural(rows, 'row')}`]), formatBytes(bytes)].join(' · '),
	}));
}

function parse<Line>(lines: readonly string[]): Line[] {
	return lines.map((line) => JSON.parse(line) as Line);
}
