import type * as SqliteModule from 'node:sqlite';
import { BackupError, errorMessage } from '../../errors';
import { noQuery } from '../../query/limits';
import { type AnswerRow, type JsonValue, rowOf } from '../../query/answer';
import { sqliteErrorKind } from '../sqlite/sqliteError';

export interface DatabaseQuestion {
	sql: string;
	onColumns: (columns: string[]) => void;
	/** False when no more rows are wanted. */
	onRow: (row: AnswerRow) => boolean;
}

/**
 * Asks a database that is our own copy one question and changes nothing, by SQLite's own means: it is open for reading
 * only, and the statement is asked as the inside of a SELECT, which nothing but a query can be. To be called in a
 * process of its own.
 *
 * @throws BackupError `bad-parameter` with SQLite's own message for a query that it refuses
 */
export async function askDatabase(path: string, question: DatabaseQuestion): Promise<void> {
	const { DatabaseSync } = await import('node:sqlite');
	try {
		// What a journal beside it undoes is undone before: that is writing.
		new DatabaseSync(path).close();
		const database = new DatabaseSync(path, { readOnly: true });
		try {
			database.exec('PRAGMA trusted_schema = OFF; PRAGMA query_only = ON');
			fetchRows(prepare(database, question.sql), question);
		} finally {
			database.close();
		}
	} catch (error) {
		if (sqliteErrorKind(error) === undefined) throw error;
		throw refused(`SQLite says of the query: ${errorMessage(error)}`, 'Correct the query', error);
	}
}

function prepare(database: SqliteModule.DatabaseSync, sql: string): SqliteModule.StatementSync {
	if (onlySpace.test(sql)) throw noQuery();
	// Only compiled: for SQLite's words on what is wrong with it, and where the first statement ends.
	const { sourceSQL } = database.prepare(sql);
	if (!onlySpace.test(sql.slice(sourceSQL.length)))
		throw refused('There is more than one statement', 'Ask with one SELECT at a time');
	const statement = inSelect(database, sourceSQL.replace(/;\s*$/, ''));
	statement.setReadBigInts(true);
	return statement;
}

/** Spaces and comments. */
const onlySpace = /^(?:\s|--[^\n]*(?:\n|$)|\/\*[\s\S]*?(?:\*\/|$))*$/;

function inSelect(database: SqliteModule.DatabaseSync, query: string): SqliteModule.StatementSync {
	try {
		return database.prepare(`SELECT * FROM (\n${query}\n)`);
	} catch (error) {
		if (sqliteErrorKind(error) !== 'error') throw error;
		throw refused('The statement is no query', 'Ask with one SELECT: a backup is only read here', error);
	}
}

/** In a SELECT of a SELECT no two columns are called the same: SQLite makes it so. */
function fetchRows(
	statement: SqliteModule.StatementSync,
	{ onColumns, onRow }: Omit<DatabaseQuestion, 'sql'>,
): void {
	// Node.js 22.15 cannot say them before the first row.
	let columns = typeof statement.columns === 'function' ? namesOf(statement) : undefined;
	if (columns) onColumns(columns);
	for (const row of statement.iterate()) {
		if (!columns) onColumns((columns = Object.keys(row)));
		const values = columns.map((column) => jsonValue(row[column] ?? null));
		if (!onRow(rowOf(columns, values))) return;
	}
}

function namesOf(statement: SqliteModule.StatementSync): string[] {
	return statement.columns().map(({ name }) => name);
}

/** Whole numbers that JavaScript does not hold exactly, and bytes, are texts, the latter as PostgreSQL writes them. */
function jsonValue(value: SqliteModule.SQLOutputValue): JsonValue {
	if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
	if (value instanceof Uint8Array) return `\\x${Buffer.from(value).toString('hex')}`;
	return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}

function refused(what: string, advice: string, cause?: unknown): BackupError {
	return new BackupError('bad-parameter', what, { advice, cause });
}
