import type { DumpScope } from './dumpScope';

/** Something that dumped objects depend on. */
export interface Dependency {
	/** As the server describes it: `type other.mood`. */
	object: string;
	/** Oid of the relation, where it is one. */
	relation: number | null;
	schema: string | null;
	/** The extension that it is a part of. */
	extension: string | null;
}

/**
 * Asks for lines of JSON ({@link Dependency}): what the dumped relations, and the functions and types of the dumped
 * schemas, depend on. What functions use in their bodies the catalogs do not know.
 */
export function dependencyQuestion(scope: DumpScope): string {
	const relations = scope.dumped().map(({ id }) => id);
	const dumpedSchemas = scope.dumpedSchemas();
	const schemas = scope.schemas.filter(({ schema }) => dumpedSchemas.has(schema)).map(({ id }) => id);
	return `WITH
relations AS (SELECT pg_catalog.unnest('{${relations.join()}}'::pg_catalog.oid[]) AS id),
schemas AS (SELECT pg_catalog.unnest('{${schemas.join()}}'::pg_catalog.oid[]) AS id),
parts AS (
	SELECT 'pg_catalog.pg_class'::pg_catalog.regclass AS class, id FROM relations
	UNION ALL SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, indexrelid FROM pg_catalog.pg_index JOIN relations ON indrelid = id
	UNION ALL SELECT 'pg_catalog.pg_attrdef'::pg_catalog.regclass, a.oid FROM pg_catalog.pg_attrdef AS a JOIN relations ON adrelid = id
	UNION ALL SELECT 'pg_catalog.pg_constraint'::pg_catalog.regclass, c.oid FROM pg_catalog.pg_constraint AS c JOIN relations ON conrelid = id
	UNION ALL SELECT 'pg_catalog.pg_trigger'::pg_catalog.regclass, t.oid FROM pg_catalog.pg_trigger AS t JOIN relations ON tgrelid = id
		WHERE NOT tgisinternal
	UNION ALL SELECT 'pg_catalog.pg_rewrite'::pg_catalog.regclass, r.oid FROM pg_catalog.pg_rewrite AS r JOIN relations ON ev_class = id
	UNION ALL SELECT 'pg_catalog.pg_proc'::pg_catalog.regclass, p.oid FROM pg_catalog.pg_proc AS p JOIN schemas ON pronamespace = id
	UNION ALL SELECT 'pg_catalog.pg_type'::pg_catalog.regclass, t.oid FROM pg_catalog.pg_type AS t JOIN schemas ON typnamespace = id
),
needed AS (
	SELECT DISTINCT d.refclassid AS class,
		-- An array is there as soon as its elements' type is.
		CASE WHEN t.typcategory = 'A' AND t.typelem <> 0 THEN t.typelem ELSE d.refobjid END AS id
	FROM parts
	JOIN pg_catalog.pg_depend AS d ON d.classid = parts.class AND d.objid = parts.id AND d.deptype IN ('n', 'a')
	LEFT JOIN pg_catalog.pg_type AS t
		ON d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass AND t.oid = d.refobjid
	WHERE d.refclassid NOT IN ('pg_catalog.pg_namespace'::pg_catalog.regclass, 'pg_catalog.pg_constraint'::pg_catalog.regclass)
)
SELECT DISTINCT pg_catalog.json_build_object(
	'object', pg_catalog.pg_describe_object(class, id, 0),
	'relation', CASE WHEN class = 'pg_catalog.pg_class'::pg_catalog.regclass THEN id::bigint END,
	'schema', found.schema,
	'extension', extname
)::text AS line
FROM needed
CROSS JOIN LATERAL pg_catalog.pg_identify_object(class, id, 0) AS found
LEFT JOIN pg_catalog.pg_depend AS member ON member.classid = class AND member.objid = id AND member.deptype = 'e'
LEFT JOIN pg_catalog.pg_extension ON pg_extension.oid = member.refobjid
WHERE found.schema IS NOT NULL AND found.schema <> 'pg_catalog' AND found.schema <> 'pg_toast'`;
}

/** What has to be there before a dump of parts can be restored, in a sentence for each kind. */
export function describeLacking(scope: DumpScope, dependencies: readonly Dependency[]): string[] {
	const schemas = scope.dumpedSchemas();
	const relations = new Set(scope.dumped().map(({ id }) => id));
	const extensions = new Set<string>();
	const others = new Set<string>();
	for (const { object, relation, schema, extension } of dependencies) {
		if (extension !== null) {
			if (scope.isOfChosenParts) extensions.add(extension);
		} else if (relation !== null) {
			// Sequences that belong to a table come with it, chosen or not.
			const found = scope.relations.get(relation);
			if (found && found.kind !== 'S' && !relations.has(relation)) others.add(object);
		} else if (schema !== null && !schemas.has(schema)) {
			others.add(object);
		}
	}
	return [
		...(extensions.size > 0
			? [`The dump lacks extensions that it needs; create them before it is restored: ${list(extensions)}`]
			: []),
		...(others.size > 0
			? [`The dump lacks what its parts refer to; it must be there before it is restored: ${list(others)}`]
			: []),
	];
}

/** How many a message names. */
const named = 20;

function list(names: ReadonlySet<string>): string {
	const sorted = [...names].sort();
	const more = sorted.length > named ? ` and ${sorted.length - named} more` : '';
	return `${sorted.slice(0, named).join(', ')}${more}`;
}
