import type pg from 'pg';
import type { PostgresCensus } from '../artifact/manifest';

export interface CensusDifference {
	/** As the census writes it. */
	table: string;
	expected: number;
	/** Undefined: there is no such table. */
	found?: number;
}

/** A database's rows beside those that were counted while it was dumped. */
export interface CensusComparison {
	tables: number;
	/** Rows that were found. */
	rows: number;
	differences: CensusDifference[];
}

/** Tables counted by one query. */
const tablesAtOnce = 50;

/**
 * Counts every table of the census in the database that the client is connected to, and compares.
 *
 * @param only the tables to look at, written as in the census; all when undefined
 */
export async function compareCensus(
	client: pg.Client,
	census: PostgresCensus,
	only?: readonly string[],
): Promise<CensusComparison> {
	// Counting under row security would silently count less.
	await client.query('SET row_security = off');
	const expected = Object.entries(census.tables).filter(([table]) => !only || only.includes(table));
	const differences: CensusDifference[] = [];
	let rows = 0;
	for (let from = 0; from < expected.length; from += tablesAtOnce) {
		const part = expected.slice(from, from + tablesAtOnce);
		const counts = await countRows(
			client,
			part.map(([table]) => table),
		);
		for (const [table, count] of part) {
			const found = counts.get(table);
			rows += found ?? 0;
			if (found !== count) differences.push({ table, expected: count, found });
		}
	}
	return { tables: expected.length, rows, differences };
}

/** One line that says what differs; undefined when nothing does. */
export function describeDifferences({ differences, tables }: CensusComparison): string | undefined {
	if (differences.length === 0) return undefined;
	const shown = differences.slice(0, 5).map(({ table, expected, found }) => {
		return found === undefined ? `${table} is missing` : `${table} has ${found} rows instead of ${expected}`;
	});
	const more = differences.length > shown.length ? `, and ${differences.length - shown.length} more` : '';
	return `${differences.length} of ${tables} tables differ: ${shown.join(', ')}${more}`;
}

/** Rows of each table that exists. A table's children are counted for themselves, as they were dumped. */
async function countRows(client: pg.Client, tables: string[]): Promise<Map<string, number>> {
	const existing = await client.query<{ table: string; quoted: string; kind: string }>(
		`SELECT name AS "table", pg_catalog.format('%I.%I', nspname, relname) AS quoted, relkind AS kind
		FROM pg_catalog.unnest($1::text[]) AS name
		JOIN pg_catalog.pg_class ON pg_class.oid = pg_catalog.to_regclass(name)
		JOIN pg_catalog.pg_namespace ON pg_namespace.oid = relnamespace`,
		[tables],
	);
	if (existing.rows.length === 0) return new Map();
	const counts = existing.rows.map(({ quoted, kind }, index) => {
		const rowsOf = kind === 'p' ? quoted : `ONLY ${quoted}`;
		return `SELECT ${index} AS at, pg_catalog.count(*)::text AS rows FROM ${rowsOf}`;
	});
	const result = await client.query<{ at: number; rows: string }>(counts.join(' UNION ALL '));
	const rowsAt = new Map(result.rows.map(({ at, rows }) => [at, Number(rows)]));
	return new Map(existing.rows.map(({ table }, index) => [table, rowsAt.get(index) ?? 0]));
}
