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

/** Puts rows in the place of the earlier ones about the same faults; what was not tried again stays. */
export function renewRows(before: readonly ResultRow[], again: ResultRow): ResultRow[] {
	return [...before.filter(({ fault }) => fault !== again.fault), again];
}
