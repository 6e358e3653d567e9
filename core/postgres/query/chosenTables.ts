import type { PGlite } from '@electric-sql/pglite' with { 'resolution-mode': 'import' };
import { BackupError } from '../../errors';
import { nearestNames } from '../../nearestNames';
import type { Queries } from '../queries';
import { refusedQuery } from './refusedQuery';
import { exchange, parse } from './wire';

/** A table, or whatever has rows that a query can ask for. */
interface Relation {
	oid: string;
	schema: string;
	name: string;
	/** Its schema and name, with quotes where SQL wants them: what a census calls it. */
	written: string;
}

const syntaxError = '42601';

const systemSchemas = `('pg_catalog', 'information_schema', 'pg_toast')`;

/** What can be named in a FROM: tables, partitioned and foreign ones, views of both kinds. */
const relations = `
	SELECT c.oid::text AS oid, nspname::text AS schema, relname::text AS name,
		pg_catalog.format('%I.%I', nspname, relname) AS written
	FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = relnamespace
	WHERE relkind IN ('r', 'p', 'f', 'v', 'm') AND nspname NOT IN ${systemSchemas}`;

/** Relations, and what they are made of: partitions, children, what a view selects from. Only those that hold rows. */
const madeOf = `
	WITH RECURSIVE reached (oid) AS (
		SELECT pg_catalog.unnest($1::text::pg_catalog.oid[])
		UNION
		SELECT part.oid FROM reached, LATERAL (
			SELECT inhrelid AS oid FROM pg_catalog.pg_inherits WHERE inhparent = reached.oid
			UNION ALL
			SELECT refobjid FROM pg_catalog.pg_depend JOIN pg_catalog.pg_rewrite r ON r.oid = objid
			WHERE classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
				AND refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND ev_class = reached.oid
		) part
	)
	SELECT nspname::text AS schema, relname::text AS name,
		pg_catalog.format('%I.%I', nspname, relname) AS written
	FROM reached JOIN pg_catalog.pg_class c USING (oid) JOIN pg_catalog.pg_namespace n ON n.oid = relnamespace
	WHERE relkind = 'r' AND nspname NOT IN ${systemSchemas} ORDER BY written`;

/** A table whose rows are wanted. */
export type ChosenTable = Omit<Relation, 'oid'>;

export interface Choice {
	tables: ChosenTable[];
	/** What the dump has besides, by the names that SQL gives them. */
	known: string[];
}

/** What is chosen by. */
export interface Wish {
	sql: string;
	/** Tables that somebody named besides. */
	named: readonly string[];
}

/** Schemas in which a name without one is looked for, as a new session does it. */
export const searchPath = `SET LOCAL search_path = "$user", public`;

/**
 * The tables whose rows a query needs: PostgreSQL reads the query and says what it locked for it, through views and
 * partitions. Added are those that somebody named. A query that cannot be read gets none: while a dump has not been read
 * to its end, keys and views that it needs may not be there yet.
 *
 * @throws BackupError `not-found` for a named table that the dump does not have, `bad-parameter` for what is no SQL
 */
export async function chooseTables(
	database: PGlite,
	queries: Queries,
	{ sql, named }: Wish,
): Promise<Choice> {
	const { rows: known } = await queries.query<Relation>(relations);
	const names = known.map(({ written }) => written);
	const wanted = named.map((name) => find(name, known).oid);
	wanted.push(...(await lockedBy(database, queries, { sql, known: names })));
	const { rows: tables } = await queries.query<ChosenTable>(madeOf, [`{${[...new Set(wanted)].join(',')}}`]);
	return { tables, known: names };
}

/** Relations that PostgreSQL locks to read a query. */
async function lockedBy(
	database: PGlite,
	queries: Queries,
	question: { sql: string; known: readonly string[] },
): Promise<string[]> {
	await queries.query('BEGIN');
	try {
		await queries.query(searchPath);
		const { refusal } = await exchange(database, parse(question.sql));
		if (refusal?.code === syntaxError) throw refusedQuery(refusal, question);
		if (refusal) return [];
		const { rows } = await queries.query<{ oid: string }>(
			`SELECT DISTINCT relation::text AS oid FROM pg_catalog.pg_locks
			WHERE locktype = 'relation' AND pid = pg_catalog.pg_backend_pid()`,
		);
		return rows.map(({ oid }) => oid);
	} finally {
		await queries.query('ROLLBACK');
	}
}

/** With its schema or without, quoted or not: a name means one table only. */
function find(name: string, known: readonly Relation[]): Relation {
	const ways: Array<(relation: Relation) => boolean> = [
		({ written }) => written === name,
		(relation) => `${relation.schema}.${relation.name}` === name,
		(relation) => relation.schema === 'public' && relation.name === name,
		(relation) => relation.name === name,
	];
	for (const isMeant of ways) {
		const meant = known.filter(isMeant);
		if (meant[0] && meant.length === 1) return meant[0];
	}
	const near = nearestNames(
		name,
		known.map(({ written }) => written),
	);
	const hint = near.length > 0 ? ` (it has ${near.join(', ')})` : '';
	throw new BackupError('not-found', `The dump has no table ${name}${hint}`, {
		advice: 'Write the name as the dump does: public.workflow_entity',
	});
}
