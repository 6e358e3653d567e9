import type * as SqliteModule from 'node:sqlite';
import type { CheckResult } from '../../artifact/checks';
import { errorMessage } from '../../errors';
import { sampleSize, type StoredCredentials } from '../../n8n/judgeCredentials';
import type { StoredDataKey } from '../../n8n/credentialData';
import { sqliteErrorKind } from '../sqlite/sqliteError';

type Database = SqliteModule.DatabaseSync;

/** What a look into a database that was taken out of an archive found. */
export interface OpenedDatabase {
	checks: CheckResult[];
	/** Rows of every table; undefined where it cannot be read. */
	tables?: Record<string, number>;
	/** Only of n8n's own. */
	credentials?: StoredCredentials;
}

const shownFindings = 3;

/**
 * Has SQLite prove a database that is our own copy: every page, index and row, and that what refers to another row finds
 * it. To be called in a process of its own.
 */
export async function openDatabase(path: string): Promise<OpenedDatabase> {
	const sqlite = await import('node:sqlite');
	try {
		const database = new sqlite.DatabaseSync(path, { enableForeignKeyConstraints: false });
		try {
			// What a schema says is not to be trusted.
			database.exec('PRAGMA trusted_schema = OFF; PRAGMA ignore_check_constraints = ON');
			const checks = [
				check('integrity', () => integrity(database)),
				check('foreign keys', () => foreignKeys(database)),
			];
			return { checks, ...contentOf(database) };
		} finally {
			database.close();
		}
	} catch (error) {
		if (sqliteErrorKind(error) === undefined) throw error;
		return {
			checks: [{ check: 'integrity', result: 'failed', detail: `SQLite says: ${errorMessage(error)}.` }],
		};
	}
}

/** A collation or function that only the database's own program has says nothing of the database. */
function check(name: string, look: () => Pick<CheckResult, 'result' | 'detail'>): CheckResult {
	try {
		return { check: name, ...look() };
	} catch (error) {
		if (sqliteErrorKind(error) !== 'error') throw error;
		return { check: name, result: 'unknown', detail: `SQLite could not look: ${errorMessage(error)}.` };
	}
}

function integrity(database: Database): Pick<CheckResult, 'result' | 'detail'> {
	const rows = database.prepare(`PRAGMA integrity_check(${shownFindings})`).all();
	const findings = rows.map((row) => String(Object.values(row)[0]).replaceAll('\n', ' '));
	if (findings.length === 1 && findings[0] === 'ok')
		return { result: 'passed', detail: 'Every page, index and row holds.' };
	return { result: 'failed', detail: `${findings.join('; ')}.` };
}

function foreignKeys(database: Database): Pick<CheckResult, 'result' | 'detail'> {
	const found = database.prepare(
		'SELECT "table" AS name, parent, count(*) AS n FROM pragma_foreign_key_check GROUP BY 1, 2 ORDER BY 3 DESC',
	);
	const rows = found.all();
	if (rows.length === 0) return { result: 'passed', detail: 'Every row finds the rows that it refers to.' };
	const shown = rows
		.slice(0, shownFindings)
		.map(
			({ name, parent, n }) => `${String(n)} rows of ${String(name)} refer to no row of ${String(parent)}`,
		);
	return { result: 'failed', detail: `${shown.join('; ')}.` };
}

function contentOf(database: Database): Pick<OpenedDatabase, 'tables' | 'credentials'> {
	const names = database
		.prepare(`SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' ORDER BY name`)
		.all()
		.map(({ name }) => String(name))
		.filter((name) => !name.startsWith('sqlite_'));
	const count = (name: string) =>
		Number(database.prepare(`SELECT count(*) AS n FROM ${quote(name)}`).get()?.n);
	const tables = Object.fromEntries(names.map((name) => [name, count(name)]));
	const prefix = prefixOf(names);
	return prefix === undefined ? { tables } : { tables, credentials: credentialsOf(database, names, prefix) };
}

/** What stands before the names of n8n's tables; undefined when there are none. */
function prefixOf(names: string[]): string | undefined {
	const last = 'credentials_entity';
	return names
		.filter((name) => name.endsWith(last))
		.map((name) => name.slice(0, -last.length))
		.find((prefix) => names.includes(`${prefix}workflow_entity`));
}

function credentialsOf(database: Database, names: string[], prefix: string): StoredCredentials {
	const credentials = database
		.prepare(
			`SELECT data FROM ${quote(`${prefix}credentials_entity`)} WHERE data <> '' ORDER BY "updatedAt" DESC LIMIT ${sampleSize}`,
		)
		.all()
		.map(({ data }) => String(data));
	const keyTable = `${prefix}deployment_key`;
	const storedKeys = names.includes(keyTable)
		? database
				.prepare(`SELECT id, value, algorithm FROM ${quote(keyTable)} WHERE type = 'data_encryption'`)
				.all()
				.map((row) => ({ ...row, id: String(row.id) }) as StoredDataKey)
		: [];
	return { credentials, storedKeys };
}

function quote(name: string): string {
	return `"${name.replaceAll('"', '""')}"`;
}
