import type { CheckResult } from '../../artifact/checks';
import type { TextQueries } from '../queries';
import { findN8nTables, isThere, type N8nTables, nameFor, tableName } from '../n8nTables';

const check = 'n8n';

/** n8n's tables that a person asks for first, and what is in them. */
const counted = {
	workflow_entity: 'workflow',
	credentials_entity: 'credential',
	user: 'user',
	project: 'project',
} as const;

/**
 * A restored n8n database in n8n's own words: how much of what matters is in it, and of which version of n8n it is.
 *
 * @returns no check when the database is not n8n's
 */
export async function checkN8n(queries: TextQueries): Promise<CheckResult[]> {
	const found = await findN8nTables(queries);
	const checks: CheckResult[] = [];
	for (const tables of found) {
		const counts = await countOf(queries, tables);
		const migration = await newestMigration(queries, tables);
		const newest = migration === undefined ? '' : ` Its newest migration is ${migration}.`;
		const detail = `n8n finds ${counts.join(', ')}.${newest}`;
		checks.push({ check: nameFor(check, tables, found), result: 'passed', detail });
	}
	return checks;
}

async function countOf(queries: TextQueries, tables: N8nTables): Promise<string[]> {
	const counts: string[] = [];
	for (const [name, word] of Object.entries(counted)) {
		const table = tableName(tables, name);
		if (!(await isThere(queries, table))) continue;
		const { rows } = await queries.query<{ rows: string }>(
			`SELECT pg_catalog.count(*)::text AS rows FROM ${table}`,
		);
		const count = rows[0]?.rows ?? '0';
		counts.push(`${count} ${word}${count === '1' ? '' : 's'}`);
	}
	return counts;
}

/** n8n notes there what it has done to its tables: the last one says how far they are. */
async function newestMigration(queries: TextQueries, tables: N8nTables): Promise<string | undefined> {
	const table = tableName(tables, 'migrations');
	if (!(await isThere(queries, table))) return undefined;
	const { rows } = await queries.query<{ name: string }>(
		`SELECT name::text AS name FROM ${table} ORDER BY "timestamp" DESC, id DESC LIMIT 1`,
	);
	return rows[0]?.name;
}
