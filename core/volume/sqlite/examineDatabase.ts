import type * as SqliteModule from 'node:sqlite';
import type { DatabaseCensus, N8nHistory } from '../../artifact/manifest';
import { errorMessage } from '../../errors';
import { sqliteErrorKind } from './sqliteError';

type Database = SqliteModule.DatabaseSync;

/** What a look into a database found. */
export interface Examination extends Omit<DatabaseCensus, 'path'> {
	/** Why it could not be checked. */
	uncheckedReason?: string;
}

/** A database has a problem that `PRAGMA quick_check` names. */
export class DamagedDatabase extends Error {}

/** Findings of quick_check that an error shows. */
const shownFindings = 3;

/** Tables that only n8n has together; with a table prefix, each name begins with it. */
const n8nTables = ['workflow_entity', 'credentials_entity', 'execution_entity'];

/**
 * Has SQLite check a database of our own, and counts the rows of every table when it is n8n's.
 *
 * @throws DamagedDatabase with what quick_check found; an error of SQLite's when it cannot be read at all
 */
export function examineDatabase(database: Database): Examination {
	// What a schema says is not to be trusted, and rows that break its constraints are no damage.
	database.exec('PRAGMA trusted_schema = OFF; PRAGMA ignore_check_constraints = ON');
	const check = quickCheck(database);
	const tables = tablesOf(database);
	const [prefix] = n8nPrefixes(tables);
	if (prefix === undefined) return check;
	const n8n = historyOf(database, tables, prefix);
	return { ...check, tables: countRows(database, tables), ...(n8n && { n8n }) };
}

function quickCheck(database: Database): Pick<Examination, 'check' | 'uncheckedReason'> {
	let findings: string[];
	try {
		const rows = database.prepare(`PRAGMA quick_check(${shownFindings})`).all();
		findings = rows.map((row) => String(Object.values(row)[0]));
	} catch (error) {
		// A collation or function that only the database's own program has: nothing is known of it, good or bad.
		if (sqliteErrorKind(error) !== 'error') throw error;
		return { check: 'unchecked', uncheckedReason: errorMessage(error) };
	}
	if (findings.length === 1 && findings[0] === 'ok') return { check: 'passed' };
	throw new DamagedDatabase(findings.join('; ').replaceAll('\n', ' '));
}

function tablesOf(database: Database): string[] {
	const rows = database
		.prepare(`SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' ORDER BY name`)
		.all();
	return rows.map(({ name }) => String(name)).filter((name) => !name.startsWith('sqlite_'));
}

/** What each n8n in it writes before the names of its tables; nothing, mostly. */
function n8nPrefixes(tables: string[]): string[] {
	const last = n8nTables[0]!;
	const prefixes = tables.filter((name) => name.endsWith(last)).map((name) => name.slice(0, -last.length));
	return prefixes.filter((prefix) => n8nTables.every((name) => tables.includes(`${prefix}${name}`)));
}

/** How far it is migrated, where that can be found out. */
function historyOf(database: Database, tables: string[], prefix: string): N8nHistory | undefined {
	const rows = (name: string, columns: string): Array<Record<string, unknown>> => {
		const table = `${prefix}${name}`;
		if (!tables.includes(table)) return [];
		try {
			return database.prepare(`SELECT ${columns} FROM ${quoted(table)} ORDER BY id DESC`).all();
		} catch {
			return [];
		}
	};
	const migrations = rows('migrations', 'name');
	const [last] = migrations;
	const [version] = rows('instance_version_history', `major || '.' || minor || '.' || patch AS version`);
	if (last === undefined) return undefined;
	return {
		...(version && { version: String(version.version) }),
		lastMigration: String(last.name),
		migrations: migrations.length,
	};
}

function quoted(name: string): string {
	return `"${name.replaceAll('"', '""')}"`;
}

function countRows(database: Database, tables: string[]): Record<string, number> {
	const counts = tables.map((name): [string, number] => {
		const row = database.prepare(`SELECT count(*) AS n FROM ${quoted(name)}`).get();
		return [name, Number(row?.n)];
	});
	return Object.fromEntries(counts);
}
