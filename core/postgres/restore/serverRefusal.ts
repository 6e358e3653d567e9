import { copyTarget, identifier, unquote } from '../sql';
import { BackupError } from '../../errors';
import { decodeText } from '../sql/encoding';
import type { BatchedStatement } from './statementBatch';

/** An error that the server reported, with the fields that its protocol has (PostgreSQL documentation, 55.8). */
export interface ServerRefusal extends Error {
	/** SQLSTATE. */
	code: string;
	detail?: string;
	hint?: string;
	/** What the server calls CONTEXT. */
	where?: string;
	/** The server's own function that reported it. */
	routine?: string;
}

/** Longest piece of a detail, a hint or a context that is shown. */
const shownLength = 300;

/** The server's message with what it adds to it; of a row its context is what says where, and is not repeated. */
export function withDetails({ message, detail, hint, where }: ServerRefusal): string {
	const context = where === undefined || isOfCopy(where) ? undefined : where;
	const additions = Object.entries({ DETAIL: detail, HINT: hint, CONTEXT: context }).flatMap(
		([name, text]) => (text === undefined ? [] : [`${name}: ${shorten(text)}`]),
	);
	return [message, ...additions].map(asSentence).join(' ');
}

/**
 * The error for a statement that was refused.
 *
 * @param by who refused it: `The server`
 * @param rowsBefore rows of its COPY that were taken before those that the refusal counts
 */
export function refusedBy(
	by: string,
	statement: BatchedStatement,
	refusal: ServerRefusal,
	rowsBefore = 0,
): BackupError {
	const what = `${by} refused ${describe(statement, refusal, rowsBefore)}: ${withDetails(refusal)}`;
	return new BackupError('server', what, { advice: adviceOnRefusal(refusal, statement), cause: refusal });
}

/** Which statement it was, in words: where it stands in the dump and how it begins. */
function describe(statement: BatchedStatement, { where = '' }: ServerRefusal, rowsBefore: number): string {
	const table = copyTarget(statement.text, 'SQL_ASCII');
	const counted = copiedRow(where, table);
	if (counted !== undefined) {
		const row = rowsBefore + counted;
		return `line ${statement.line + row} of the dump, row ${row} of ${table}`;
	}
	const start = decodeText(statement.text.subarray(0, 400), 'SQL_ASCII').replace(/\s+/g, ' ');
	const shown = start.length > 100 ? `${start.slice(0, 100)}…` : start;
	return `line ${statement.line} of the dump (${shown})`;
}

/** What to do about it, by its SQLSTATE and by what the statement was for. */
export function adviceOnRefusal(
	{ code, routine, where = '' }: ServerRefusal,
	{ text }: Pick<BatchedStatement, 'text'>,
): string {
	const extension = /^CREATE EXTENSION (?:IF NOT EXISTS )?(\S+)/.exec(text.toString('latin1', 0, 200))?.[1];
	if (code.startsWith('53')) return resources;
	if (extension !== undefined) {
		return `Install the extension ${extension} on the server, restore as a user who may create it, or leave it out (--without-extension, Without Extensions)`;
	}
	if (isSearchPath(code, where)) {
		return 'That function finds its tables and functions by a search path, which a restore does not have: give it one in the source database (ALTER FUNCTION … SET search_path) and back up again, or let failed indexes and materialised views be warnings (--skip-failed-indexes, Skip Failed Indexes)';
	}
	if (code === '42704' && roleRoutines.has(routine ?? '')) {
		return 'Create that role on the server first, give the objects to another owner, or leave out what names missing roles';
	}
	switch (code) {
		case '42501':
			return 'Restore as a superuser or as the owner, or leave owners and privileges out';
		case '58P01':
		case '0A000':
			return 'Install that extension or feature on the server, or restore into a server that has it';
		default:
			return 'Look at that line of the dump; nothing that was there before was changed';
	}
}

/** Where the server looks up a role (src/backend/utils/adt/acl.c); its words for that are in its own language. */
const roleRoutines = new Set(['get_role_oid', 'get_rolespec_oid', 'get_rolespec_tuple']);

/**
 * The row, from 1, that the context of an error in a COPY names. In every language that says the table first and then
 * the number (`COPY t, line 3`, `COPY t, Zeile 3: »x«`).
 *
 * @param table written as in SQL
 */
export function copiedRow(where: string, table: string): number | undefined {
	const line = where.split('\n').find(isOfCopy);
	const name = unquote(table.match(new RegExp(identifier, 'g'))?.at(-1) ?? '');
	const at = name === '' ? -1 : (line?.indexOf(name) ?? -1);
	const row = at === -1 ? undefined : /^\D*(\d+)/.exec(line?.slice(at + name.length) ?? '')?.[1];
	return row === undefined ? undefined : Number(row);
}

function isOfCopy(context: string): boolean {
	return /^COPY |COPY[、,]/.test(context);
}

const resources =
	'Free space, memory or connections on the server, then restore again; the half-restored database is gone already';

/** A function of the dump that does not find something: outside of a function the dump names everything in full. */
function isSearchPath(code: string, where: string): boolean {
	const isMissing = ['42883', '42P01', '42704', '3F000'].includes(code);
	return isMissing && where !== '' && !isOfCopy(where);
}

function shorten(text: string): string {
	const line = text.replace(/\s+/g, ' ').trim();
	return line.length > shownLength ? `${line.slice(0, shownLength)}…` : line;
}

function asSentence(text: string): string {
	return /[.!?…]$/.test(text) ? text : `${text}.`;
}
