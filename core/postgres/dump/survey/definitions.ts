import { BackupError } from '../../../errors';
import type { DumpScope } from './dumpScope';
import { quotedName } from './missingTables';

/**
 * Something that pg_dump takes no lock on and describes by functions of the server, which see what is there by then and
 * not what was there when the dump began: of a function that was dropped it writes half a statement.
 */
export interface Definition {
	/** The same as long as it is not dropped. */
	id: string;
	kind: 'function' | 'type' | 'view';
	schema: string;
	name: string;
	/** Another one when it means something else; owners and grants aside, which the dump takes from its snapshot. */
	version: string;
}

const isOfNoExtension = (catalog: string, oid: string) => `NOT EXISTS (
	SELECT FROM pg_catalog.pg_depend
	WHERE classid = 'pg_catalog.${catalog}'::pg_catalog.regclass AND objid = ${oid} AND deptype = 'e'
)`;

/**
 * Not made by initdb, which puts nothing into a schema of one's own: FirstNormalObjectId (access/transam.h). Without it the
 * server reads the rows of three thousand functions of its own first, and tells their schema afterwards.
 */
const isNotInitial = (oid: string) => `${oid} >= 16384`;

/** Selects a line of JSON with each {@link Definition} of a database. */
export function definitionsQuestion(ownSchemas: string): string {
	const line = (kind: Definition['kind'], oid: string, name: string, version: string) =>
		`SELECT pg_catalog.json_build_object('definition', pg_catalog.json_build_object(
	'id', '${kind} ' || ${oid}, 'kind', '${kind}', 'schema', nspname, 'name', ${name}, 'version', ${version}))`;
	const functions = `${line('function', 'p.oid', 'proname', md5Of('p', ['proowner', 'proacl']))}
FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_namespace AS n ON n.oid = pronamespace
WHERE ${isNotInitial('p.oid')} AND ${ownSchemas} AND ${isOfNoExtension('pg_proc', 'p.oid')}`;
	const constraints = `ARRAY(SELECT k.oid FROM pg_catalog.pg_constraint AS k WHERE contypid = t.oid ORDER BY 1)::text`;
	const types = `${line('type', 't.oid', 'typname', `typname || ${constraints}`)}
FROM pg_catalog.pg_type AS t JOIN pg_catalog.pg_namespace AS n ON n.oid = typnamespace
LEFT JOIN pg_catalog.pg_class AS c ON c.oid = typrelid
WHERE ${ownSchemas} AND (typtype IN ('d', 'e', 'r', 'm') OR relkind = 'c') AND ${isOfNoExtension('pg_type', 't.oid')}`;
	const views = `${line('view', 'c.oid', 'relname', md5Of('r', []))}
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = relnamespace
JOIN pg_catalog.pg_rewrite AS r ON ev_class = c.oid AND rulename = '_RETURN'
WHERE relkind = 'v' AND ${isNotInitial('r.oid')} AND ${ownSchemas} AND ${isOfNoExtension('pg_class', 'c.oid')}`;
	return [functions, types, views].map((part) => `(${part})`).join(' UNION ALL ');
}

/** The whole row, without what the dump takes from elsewhere. */
function md5Of(row: string, without: string[]): string {
	const rest = without.map((column) => ` OPERATOR(pg_catalog.-) '${column}'`).join('');
	return `pg_catalog.md5((pg_catalog.to_jsonb(${row})${rest})::text)`;
}

/** How many a message names. */
const named = 5;

/**
 * Holds what was there when a dump began against what is there when it has ended.
 *
 * @throws BackupError `incomplete` where something in the dump may be half of what it was
 */
export function assertDefinitionsKept(
	database: string,
	{ before, after }: { before: DumpScope; after: DumpScope },
): void {
	const schemas = before.dumpedSchemas();
	const later = new Map(after.definitions.map((definition) => [definition.id, definition]));
	const laterSchemas = new Map(after.schemas.map(({ id, schema }) => [id, schema]));
	const changed = before.definitions
		.filter(({ schema, id, version }) => schemas.has(schema) && later.get(id)?.version !== version)
		.map((definition) => `the ${definition.kind} ${quotedName(definition)}`);
	const renamed = before.schemas
		.filter(({ id, schema }) => schemas.has(schema) && laterSchemas.get(id) !== schema)
		.map(({ schema }) => `the schema ${schema}`);
	const all = [...renamed, ...changed];
	if (all.length === 0) return;
	const more = all.length > named ? ` and ${all.length - named} more` : '';
	throw new BackupError(
		'incomplete',
		`While “${database}” was dumped, somebody changed or dropped ${all.slice(0, named).join(', ')}${more}: the dump may hold half of what that was`,
		{ advice: 'Run it again when nobody changes the database’s schema' },
	);
}
