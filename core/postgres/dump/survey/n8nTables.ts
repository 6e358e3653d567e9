import type { N8nTables } from '../../n8nTables';
import type { DumpScope } from './dumpScope';

/** Tables that every n8n has, whatever prefix and schema it uses. */
const telling = ['workflow_entity', 'credentials_entity'];

/** An n8n in a database that is dumped, and which tables it has. */
export interface SurveyedN8n extends N8nTables {
	has(name: string): boolean;
}

/** Every n8n of a database. */
export function findN8n(scope: DumpScope): SurveyedN8n[] {
	const tables = [...scope.relations.values()].filter(({ kind }) => kind === 'r');
	const names = new Set(tables.map(({ schema, name }) => `${schema}.${name}`));
	const [first = '', ...others] = telling;
	return tables
		.filter(({ name }) => name.endsWith(first))
		.map(({ schema, name }) => {
			const prefix = name.slice(0, -first.length);
			return { schema, prefix, has: (table: string) => names.has(`${schema}.${prefix}${table}`) };
		})
		.filter(({ has }) => others.every(has));
}

/** A sentence when a database is not n8n's; none when it is. */
export function describeForeign(scope: DumpScope, database: string, place: string): string[] {
	if (findN8n(scope).length > 0) return [];
	return [
		`“${database}” of ${place} holds no tables of n8n’s: pick the credential of n8n’s own database, or switch “Expect n8n’s Tables” off`,
	];
}
