import type { Census } from './manifest';

/** How much an artifact holds; what its census does not say is left out. */
export interface Counts {
	rows?: number;
	tables?: number;
	/** Members of an archive. */
	entries?: number;
	keys?: number;
}

/** What a census counted. Rows and tables of an archive are those of n8n's own SQLite database in it. */
export function countsOf(census: Census): Counts {
	switch (census.kind) {
		case 'postgres':
			return { rows: census.rows, tables: Object.keys(census.tables).length };
		case 'tar': {
			const counted = (census.databases ?? []).flatMap(({ tables }) => (tables ? Object.values(tables) : []));
			const inside = counted.length > 0 && { rows: sum(counted), tables: counted.length };
			return { ...inside, entries: census.entries };
		}
		case 'redis':
			return census.keys === undefined ? {} : { keys: census.keys };
		case 'file':
		case 'unknown':
			return {};
	}
}

function sum(counts: readonly number[]): number {
	return counts.reduce((total, count) => total + count, 0);
}
