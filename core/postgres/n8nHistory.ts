import type { N8nHistory } from '../artifact';
import { findN8nTables, isThere, type N8nTables, tableName } from './n8nTables';
import type { TextQueries } from './queries';

/** The answer to {@link historyQuestion}. */
interface Answer {
	/** Of all migrations, in the order in which they ran. */
	names: string[] | null;
	version: string | null;
}

/** Tables in which n8n writes down what it did to its database. Old ones have no history of versions. */
export const historyTables = { migrations: 'migrations', versions: 'instance_version_history' } as const;

/** A question whose answer is one line of JSON for {@link parseHistory}. */
export function historyQuestion(n8n: N8nTables, { hasVersions }: { hasVersions: boolean }): string {
	const versions = tableName(n8n, historyTables.versions);
	const version = hasVersions
		? `(SELECT pg_catalog.concat_ws('.', major, minor, patch) FROM ${versions} ORDER BY id DESC LIMIT 1)`
		: 'NULL';
	return `SELECT pg_catalog.json_build_object(
		'names', (SELECT pg_catalog.json_agg(name ORDER BY id) FROM ${tableName(n8n, historyTables.migrations)}),
		'version', ${version})::text AS line`;
}

/** How far an n8n's database is migrated, with the name of every migration. */
export interface WholeHistory extends N8nHistory {
	names: readonly string[];
}

/** Undefined where no migration was written down. */
export function parseHistory(line: string): WholeHistory | undefined {
	const { names, version } = JSON.parse(line) as Answer;
	const lastMigration = names?.at(-1);
	if (!names || lastMigration === undefined) return undefined;
	return { ...(version !== null && { version }), lastMigration, migrations: names.length, names };
}

/**
 * The history of the only n8n in a database; undefined where there is none, or several, or it is written down nowhere.
 */
export async function readHistory(queries: TextQueries): Promise<WholeHistory | undefined> {
	const [n8n, ...others] = await findN8nTables(queries);
	if (!n8n || others.length > 0) return undefined;
	if (!(await isThere(queries, tableName(n8n, historyTables.migrations)))) return undefined;
	const hasVersions = await isThere(queries, tableName(n8n, historyTables.versions));
	const { rows } = await queries.query<{ line: string }>(historyQuestion(n8n, { hasVersions }));
	return rows[0] && parseHistory(rows[0].line);
}
