import type { CheckResult } from '../../artifact/checks';
import { errorMessage } from '../../errors';
import type { Queries } from '../queries';

const check = 'structure';

const ownSchema = 'n8n_backup_drill';

/** What amcheck looks at; system catalogs are the embedded PostgreSQL's own. */
const ofTheDump = `
	relpersistence <> 't' AND relnamespace NOT IN (
		SELECT oid FROM pg_catalog.pg_namespace WHERE nspname IN ('pg_catalog', 'information_schema')
	) AND relnamespace <> 'pg_toast'::pg_catalog.regnamespace`;

/**
 * Has PostgreSQL's own amcheck look at what was restored: every page of every table, the order of every B-tree. A fault
 * is the embedded PostgreSQL's or a function's that an index calls; a backup has no pages. So it blames nobody.
 */
export async function checkStructure(queries: Queries): Promise<CheckResult> {
	try {
		await queries.query(`CREATE SCHEMA ${ownSchema}`);
		await queries.query(`CREATE EXTENSION IF NOT EXISTS amcheck SCHEMA ${ownSchema}`);
		const { rows: found } = await queries.query<{ schema: string }>(
			`SELECT extnamespace::pg_catalog.regnamespace::text AS schema FROM pg_catalog.pg_extension
			WHERE extname = 'amcheck'`,
		);
		const schema = found[0]?.schema ?? ownSchema;
		const { rows: heaps } = await queries.query<{ fault: string | null }>(
			`SELECT (SELECT pg_catalog.min(msg) FROM ${schema}.verify_heapam(c.oid)) AS fault
			FROM pg_catalog.pg_class c WHERE relkind IN ('r', 'm') AND ${ofTheDump}`,
		);
		const fault = heaps.find(({ fault }) => fault !== null)?.fault;
		if (fault !== undefined) return { check, result: 'unknown', detail: `amcheck says: ${fault}.` };
		const { rows: trees } = await queries.query(
			`SELECT ${schema}.bt_index_check(c.oid) FROM pg_catalog.pg_class c
			JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid
			WHERE relkind = 'i' AND indisvalid AND ${ofTheDump}
			AND relam = (SELECT oid FROM pg_catalog.pg_am WHERE amname = 'btree')`,
		);
		const detail = `amcheck looked at ${heaps.length} tables and ${trees.length} B-trees and found no fault.`;
		return { check, result: 'passed', detail };
	} catch (error) {
		return { check, result: 'unknown', detail: `amcheck could not look at it: ${errorMessage(error)}.` };
	}
}
