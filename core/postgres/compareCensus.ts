import type { PostgresCensus } from '../artifact/manifest';
import { countRows, findRelations, type Relation } from './countRows';
import type { Queries } from './queries';

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

export interface ComparisonOptions {
	/** The tables to look at, written as in the census; all when undefined. */
	only?: readonly string[];
	/** Tables whose extension was left out on purpose: there is nothing to compare. */
	leftOut?: readonly string[];
	/**
	 * Rows that COPY put into each table, written as in the census. They stand in where counting would say something
	 * else: in tables of an extension, which brings rows of its own, and where the user may not see every row.
	 */
	taken: Readonly<Record<string, number>>;
}

/** Compares the database that the queries go to, and that a dump was just restored into, with its census. */
export async function compareCensus(
	queries: Queries,
	census: PostgresCensus,
	{ only, leftOut = [], taken }: ComparisonOptions,
): Promise<CensusComparison> {
	// What row security hides is an error then, not a smaller number.
	await queries.query('SET row_security = off');
	const relations = await findRelations(queries, Object.keys(census.tables));
	const expected = Object.entries(census.tables).filter(
		([table]) => (!only || only.includes(table)) && !leftOut.includes(table),
	);
	const counts = await countRows(queries, relations, new Set(expected.map(([table]) => table)));
	const differences: CensusDifference[] = [];
	let rows = 0;
	for (const [table, count] of expected) {
		const found = foundRows(relations.get(table), counts.get(table), taken[table]);
		rows += found ?? 0;
		if (found !== count) differences.push({ table, expected: count, found });
	}
	return { tables: expected.length, rows, differences };
}

function foundRows(relation: Relation | undefined, counted = 0, taken = 0): number | undefined {
	if (!relation) return undefined;
	return relation.isCountable ? counted : taken;
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
