import type { PostgresServer } from '../../../lab/servers/postgres.ts';

/** Of every table of a database: how many rows it has, and one digest of all their content. */
export async function describeRows(
	postgres: PostgresServer,
	database: string,
): Promise<Record<string, { rows: number; digest: string }>> {
	const tables = await postgres.query<{ name: string }>(
		`SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
		WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY name`,
		{ database },
	);
	const described: Array<[string, { rows: number; digest: string }]> = [];
	for (const { name } of tables) {
		const [content] = await postgres.query<{ rows: number; digest: string }>(
			`SELECT count(*)::int AS rows, md5(coalesce(string_agg(line, E'\\n' ORDER BY line), '')) AS digest
			FROM (SELECT t::text AS line FROM ${name} t) lines`,
			{ database },
		);
		described.push([name, content!]);
	}
	return Object.fromEntries(described);
}
