import type { PGlite } from '@electric-sql/pglite' with { 'resolution-mode': 'import' };
import { type AnswerRow, rowOf, uniqueNames } from '../../query/answer';
import type { Queries } from '../queries';
import { searchPath } from './chosenTables';
import { refusedQuery, rowlessQuery } from './refusedQuery';
import { jsonValue } from './values';
import { bindAndDescribe, exchange, type Field, fetch, parse } from './wire';

/** Rows that are taken at a time: a row may be megabytes. */
const pieceRows = 16;

/** Nobody in the dump is called that. */
const reader = 'n8n_backup_reader';

export interface Question {
	sql: string;
	/** Names of what the dump has, for a mistyped one. */
	known: readonly string[];
	onColumns: (columns: string[]) => void;
	/** False when no more rows are wanted. */
	onRow: (row: AnswerRow) => Promise<boolean> | boolean;
}

/**
 * Asks one question and changes nothing, by PostgreSQL's own means: one statement, for that is all that the extended
 * protocol takes; in a transaction that only reads, by a role that may do nothing else; and run only when it gives rows.
 * What could still get around that is a database in a directory of its own, in a process without a network.
 *
 * @throws BackupError `bad-parameter` with PostgreSQL's own message for a query that it refuses
 */
export async function ask(database: PGlite, queries: Queries, question: Question): Promise<void> {
	for (const statement of prepare) await queries.query(statement);
	await queries.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
	try {
		await queries.query(searchPath);
		await queries.query(`SET LOCAL ROLE ${reader}`);
		const { refusal, fields } = await exchange(database, parse(question.sql), bindAndDescribe());
		if (refusal) throw refusedQuery(refusal, question);
		if (!fields) throw rowlessQuery();
		await fetchRows(database, fields, question);
	} finally {
		await queries.query('ROLLBACK');
	}
}

/** What the dump has set for itself is undone. Row security asks who is asking: this role is nobody of whom it knows. */
const prepare = [
	'RESET ALL',
	`SET TimeZone = 'UTC'`,
	`DROP ROLE IF EXISTS ${reader}`,
	`CREATE ROLE ${reader} NOLOGIN BYPASSRLS IN ROLE pg_read_all_data`,
];

async function fetchRows(database: PGlite, fields: Field[], question: Question): Promise<void> {
	const columns = uniqueNames(fields.map(({ name }) => name));
	question.onColumns(columns);
	for (;;) {
		const { refusal, rows, isSuspended } = await exchange(database, fetch(pieceRows));
		if (refusal) throw refusedQuery(refusal, question);
		for (const row of rows) {
			const values = row.map((written, at) => jsonValue(fields[at]?.dataTypeID ?? 0, written));
			if (!(await question.onRow(rowOf(columns, values)))) return;
		}
		if (!isSuspended) return;
	}
}
