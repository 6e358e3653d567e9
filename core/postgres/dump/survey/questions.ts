import { quoteLiteral } from '../../sql';
import type { DumpSelection } from '../dumpRequest';
import { type Definition, definitionsQuestion } from './definitions';
import { readPattern } from './patterns';

/** A relation as the catalogs describe it. */
export interface Relation {
	/** Its oid, which it keeps when it is renamed. */
	id: number;
	schema: string;
	name: string;
	/** pg_class.relkind: `r` table, `p` partitioned table, `f` foreign table, `v` view, `m` materialised view, `S` sequence. */
	kind: string;
	/** pg_class.relpersistence: `p`, `u` for unlogged, `t` for temporary. */
	persistence: string;
	isOfExtension: boolean;
	/** Whether row security keeps rows from the user that asks. */
	isVeiled: boolean;
	/** Partitioned tables that it is a part of, direct and indirect. */
	partitionOf: number[];
	/** Tables that its foreign keys refer to. */
	refersTo: number[];
}

/** Which of the lists of a selection a pattern stands in. */
export type PatternList = keyof DumpSelection;

/** What the server found for one pattern. */
export interface Match {
	list: PatternList;
	pattern: string;
	/** Oids of schemas or of relations. */
	ids: number[];
}

export interface SurveyedSchema {
	id: number;
	schema: string;
}

/** One line of the answer; each has exactly one of these. */
export interface SurveyLine {
	server?: { isStandby: boolean; user: string };
	/** Bytes of the database on the server’s disk. */
	size?: number;
	schema?: SurveyedSchema;
	relation?: Relation;
	match?: Match;
	definition?: Definition;
}

const ownSchemas = `nspname !~ '^pg_' AND nspname <> 'information_schema'`;

const server = `SELECT pg_catalog.json_build_object('server',
	pg_catalog.json_build_object('isStandby', pg_catalog.pg_is_in_recovery(), 'user', current_user))`;

const size = `SELECT pg_catalog.json_build_object('size',
	pg_catalog.pg_database_size(pg_catalog.current_database()))`;

const schemas = `SELECT pg_catalog.json_build_object('schema',
	pg_catalog.json_build_object('id', oid::bigint, 'schema', nspname))
FROM pg_catalog.pg_namespace WHERE ${ownSchemas}`;

const relations = `SELECT pg_catalog.json_build_object('relation', pg_catalog.json_build_object(
	'id', c.oid::bigint, 'schema', nspname, 'name', relname, 'kind', relkind, 'persistence', relpersistence,
	'isOfExtension', EXISTS (
		SELECT FROM pg_catalog.pg_depend
		WHERE classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND objid = c.oid AND deptype = 'e'
	),
	'isVeiled', pg_catalog.row_security_active(c.oid),
	'partitionOf', ARRAY(
		WITH RECURSIVE above AS (
			SELECT inhparent FROM pg_catalog.pg_inherits JOIN pg_catalog.pg_class AS p ON p.oid = inhparent
			WHERE inhrelid = c.oid AND p.relkind = 'p'
			UNION SELECT i.inhparent FROM pg_catalog.pg_inherits AS i JOIN above ON i.inhrelid = above.inhparent
		)
		SELECT inhparent::bigint FROM above
	),
	'refersTo', ARRAY(
		SELECT confrelid::bigint FROM pg_catalog.pg_constraint WHERE conrelid = c.oid AND contype = 'f'
	)
))
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = relnamespace
WHERE relkind IN ('r', 'p', 'f', 'v', 'm', 'S') AND ${ownSchemas}`;

/**
 * Asks for lines of JSON ({@link SurveyLine}) with all that has to be known of a database before it is dumped. Patterns
 * are looked up by the server, as pg_dump does it: regular expressions are not everywhere the same.
 *
 * @param withSize also for its size, for which the server looks at each of its files
 */
export function surveyQuestion(selection: DumpSelection, { withSize = false } = {}): string {
	const lists = Object.entries(selection) as Array<[PatternList, string[] | undefined]>;
	const matches = lists.flatMap(([list, patterns = []]) => patterns.map((pattern) => matchOf(list, pattern)));
	const parts = [
		server,
		...(withSize ? [size] : []),
		schemas,
		relations,
		definitionsQuestion(ownSchemas),
		...matches,
	];
	return `SELECT line::text AS line FROM (${parts.map((part) => `(${part})`).join(' UNION ALL ')}) AS found (line)`.replaceAll(
		') UNION ALL (',
		')\nUNION ALL (',
	);
}

function matchOf(list: PatternList, pattern: string): string {
	const ids = list === 'schemas' || list === 'excludeSchemas' ? schemasLike(pattern) : relationsLike(pattern);
	return `SELECT pg_catalog.json_build_object('match', pg_catalog.json_build_object(
	'list', ${quoteLiteral(list)}::text, 'pattern', ${quoteLiteral(pattern)}::text, 'ids', ARRAY(${ids})))`;
}

function schemasLike(pattern: string): string {
	return `SELECT oid::bigint FROM pg_catalog.pg_namespace WHERE ${like('nspname', readPattern(pattern).name)}`;
}

function relationsLike(pattern: string): string {
	const { schema, name } = readPattern(pattern);
	const inSchema = schema === undefined ? 'pg_catalog.pg_table_is_visible(c.oid)' : like('nspname', schema);
	return `SELECT c.oid::bigint
	FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = relnamespace
	WHERE relkind IN ('r', 'p', 'f', 'v', 'm', 'S') AND ${like('relname', name)} AND ${inSchema}`;
}

function like(column: string, expression: string): string {
	return `${column}::text OPERATOR(pg_catalog.~) ${quoteLiteral(expression)} COLLATE pg_catalog.default`;
}
