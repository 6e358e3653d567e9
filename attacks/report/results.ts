import type { AttackResult } from '../harness/runAttack.ts';

/** An attack's newest whole run. */
export interface ResultRow extends AttackResult {
	/** ISO 8601, when it ended. */
	at: string;
}

/** What `npm run guarantees` writes down. */
export interface Results {
	machine: Record<string, string | number>;
	versions: Record<string, string>;
	rows: ResultRow[];
}

/**
 * Puts a row in the place of the earlier one about the same fault; what was not tried again stays.
 *
 * @param faults the names of all attacks, in the order of the table; rows of others are of attacks that are no more
 */
export function renewRows(
	before: readonly ResultRow[],
	again: ResultRow,
	faults: readonly string[],
): ResultRow[] {
	const rows = new Map([...before, again].map((row) => [row.fault, row]));
	return faults.flatMap((fault) => rows.get(fault) ?? []);
}
