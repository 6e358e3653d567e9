import type { Queries, TextQueries } from './queries';
import { identifier, unquote } from './sql';
import { decodeText } from './sql/encoding';

/** A table that a census has, in the database. */
export interface Relation {
	oid: number;
	isPartitioned: boolean;
	/** Whether a count says how many rows came from a dump. */
	isCountable: boolean;
	/** Schema and name as SQL, in the bytes that the server takes. */
	quoted: Buffer;
}

/** Tables counted by one query. */
const tablesAtOnce = 50;

interface RelationRow {
	oid: string;
	kind: string;
	encoding: string;
	schema: Buffer;
	name: Buffer;
	countable: boolean;
}

/**
 * Tables whose rows are not all from the dump (an extension's, which it fills itself when it is created), and those
 * that the user may not read or only in part (row security that the owner is forced under), cannot be counted.
 * Names come as bytes: in SQL_ASCII they need be no text in any encoding.
 */
const relationQuery = `
	SELECT c.oid::text AS oid, relkind AS kind,
		pg_catalog.getdatabaseencoding() AS encoding,
		pg_catalog.convert_to(nspname::text, target) AS schema,
		pg_catalog.convert_to(relname::text, target) AS name,
		NOT pg_catalog.row_security_active(c.oid)
			AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')
			AND pg_catalog.has_table_privilege(c.oid, 'SELECT')
			AND NOT EXISTS (
				SELECT FROM pg_catalog.pg_depend
				WHERE classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND objid = c.oid AND deptype = 'e'
			) AS countable
	FROM pg_catalog.pg_class c
	JOIN pg_catalog.pg_namespace n ON n.oid = relnamespace
	CROSS JOIN (
		SELECT CASE pg_catalog.getdatabaseencoding() WHEN 'SQL_ASCII' THEN 'SQL_ASCII' ELSE 'UTF8' END AS target
	) AS encodings
	WHERE relkind IN ('r', 'p', 'f')`;

/** The tables of that name that are there, by the names as they were given: those of a census. */
export async function findRelations(
	queries: TextQueries,
	tables: readonly string[],
): Promise<Map<string, Relation>> {
	const { rows } = await queries.query<RelationRow>(relationQuery);
	const existing = new Map(rows.map((row) => [keyOf(row), toRelation(row)]));
	return new Map(
		tables.flatMap((table) => {
			const names = table.match(new RegExp(identifier, 'g')) ?? [];
			const relation = existing.get(names.map(unquote).join('\0'));
			return relation ? [[table, relation]] : [];
		}),
	);
}

/**
 * Rows of each table that can be counted. A table's children are counted for themselves, as they were dumped, and so
 * are partitions that the census has; a partitioned table in it has the rows of those that it has not, since pg_dump
 * sends some through their root (`--load-via-partition-root`, or by itself where a hash may come out differently).
 *
 * @param relations every table of the census
 * @param wanted the names of those to count
 */
export async function countRows(
	queries: Queries,
	relations: ReadonlyMap<string, Relation>,
	wanted: ReadonlySet<string>,
): Promise<Map<string, number>> {
	const counted = [...relations].filter(([table, { isCountable }]) => isCountable && wanted.has(table));
	const partitions = await ownPartitions(queries, relations);
	const counts = new Map<string, number>();
	// Otherwise a server in SQL_ASCII needs names to be UTF-8. To any other these are: they came so.
	await queries.query(
		`SELECT pg_catalog.set_config('client_encoding', 'SQL_ASCII', false) WHERE ${isSqlAscii}`,
	);
	for (let from = 0; from < counted.length; from += tablesAtOnce) {
		const part = counted.slice(from, from + tablesAtOnce);
		const selects = part.map(([, relation], at) => countQuery(relation, at, partitions.get(relation.oid)));
		const union = Buffer.concat(selects.flatMap((query, at) => (at === 0 ? [query] : [unionAll, query])));
		for (const [at, rows] of await queries.queryBytes(union)) {
			counts.set(part[Number(at)]![0], Number(rows));
		}
	}
	await queries.query('RESET client_encoding');
	return counts;
}

const isSqlAscii = "pg_catalog.getdatabaseencoding() = 'SQL_ASCII'";

const unionAll = Buffer.from(' UNION ALL ');

function countQuery(relation: Relation, at: number, partitions: readonly number[] = []): Buffer {
	const select = `SELECT ${at}, pg_catalog.count(*) FROM ${relation.isPartitioned ? '' : 'ONLY '}`;
	const others = partitions.length === 0 ? '' : ` WHERE tableoid NOT IN (${partitions.join(', ')})`;
	return Buffer.concat([Buffer.from(select), relation.quoted, Buffer.from(others)]);
}

/** For each partitioned table of the census the tables below it that the census has, too. */
async function ownPartitions(
	queries: TextQueries,
	relations: ReadonlyMap<string, Relation>,
): Promise<Map<number, number[]>> {
	const roots = [...relations.values()].filter(({ isPartitioned }) => isPartitioned).map(({ oid }) => oid);
	if (roots.length === 0) return new Map();
	const known = new Set([...relations.values()].map(({ oid }) => oid));
	const { rows } = await queries.query<{ root: string; below: string }>(
		`WITH RECURSIVE tree AS (
			SELECT inhparent AS root, inhrelid AS below FROM pg_catalog.pg_inherits
			WHERE inhparent = ANY ($1::pg_catalog.oid[])
			UNION ALL
			SELECT root, inhrelid FROM tree JOIN pg_catalog.pg_inherits ON inhparent = below
		)
		SELECT root::text, below::text FROM tree`,
		[roots],
	);
	const result = new Map<number, number[]>();
	for (const [root, below] of rows.map((row) => [Number(row.root), Number(row.below)] as const)) {
		if (known.has(below)) result.set(root, [...(result.get(root) ?? []), below]);
	}
	return result;
}

function keyOf({ schema, name, encoding }: RelationRow): string {
	return [schema, name]
		.map((bytes) => decodeText(bytes, encoding === 'SQL_ASCII' ? encoding : 'UTF8'))
		.join('\0');
}

function toRelation({ oid, kind, schema, name, countable }: RelationRow): Relation {
	const quoted = [schema, name].map((bytes) => `"${bytes.toString('latin1').replaceAll('"', '""')}"`);
	return {
		oid: Number(oid),
		isPartitioned: kind === 'p',
		isCountable: countable,
		quoted: Buffer.from(quoted.join('.'), 'latin1'),
	};
}
