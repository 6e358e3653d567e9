import type { DumpScope } from './dumpScope';

/** Tables that every n8n has, whatever prefix and schema it uses. */
const telling = ['workflow_entity', 'credentials_entity'];

/** A sentence when a database is not n8n's; none when it is. */
export function describeForeign(scope: DumpScope, database: string, place: string): string[] {
	const tables = [...scope.relations.values()].filter(({ kind }) => kind === 'r');
	const names = new Set(tables.map(({ schema, name }) => `${schema}.${name}`));
	const [first = '', ...others] = telling;
	const isN8n = tables.some(({ schema, name }) => {
		if (!name.endsWith(first)) return false;
		const prefix = name.slice(0, -first.length);
		return others.every((other) => names.has(`${schema}.${prefix}${other}`));
	});
	if (isN8n) return [];
	return [
		`“${database}” of ${place} holds no tables of n8n’s: pick the credential of n8n’s own database, or switch “Expect n8n’s Tables” off`,
	];
}
