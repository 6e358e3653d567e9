import type { ChildProcess } from 'node:child_process';
import { sqlite3, startScript } from './processes';

/**
 * Writes without pause: each transaction moves an amount from one account to the other, so that any state between
 * two transactions has the same sum, and the ledger as many rows as the counter says.
 */
const writer = `
	const database = new DatabaseSync(process.argv[1]);
	database.exec('PRAGMA journal_mode = ' + process.argv[2] + '; PRAGMA synchronous = OFF; PRAGMA busy_timeout = 20000');
	database.exec('CREATE TABLE IF NOT EXISTS account (name TEXT PRIMARY KEY, amount INTEGER)');
	database.exec('CREATE TABLE IF NOT EXISTS ledger (id INTEGER PRIMARY KEY, note BLOB)');
	database.exec("INSERT OR IGNORE INTO account VALUES ('one', 1000000), ('two', 0), ('counter', 0)");
	let told = false;
	const turn = () => {
		for (let i = 0; i < 20; i++) {
			database.exec("BEGIN IMMEDIATE");
			database.exec("UPDATE account SET amount = amount - 1 WHERE name = 'one'");
			database.exec("INSERT INTO ledger (note) VALUES (randomblob(2000))");
			database.exec("UPDATE account SET amount = amount + 1 WHERE name = 'two'");
			database.exec("UPDATE account SET amount = amount + 1 WHERE name = 'counter'");
			database.exec("COMMIT");
		}
		const rows = database.prepare('SELECT count(*) AS n FROM ledger').get().n;
		if (rows >= 1000 && !told) { told = true; console.log('writing'); }
		setTimeout(turn, 1);
	};
	turn();`;

/** Starts a process that keeps books in a database, and waits until it holds a thousand rows. */
export async function startLedger(path: string, journalMode: 'wal' | 'delete'): Promise<ChildProcess> {
	return await startScript(writer, path, journalMode);
}

/** Rows in the ledger of a database that must be whole and between two transactions. */
export function consistentRows(path: string): number {
	expect(sqlite3(path, 'PRAGMA integrity_check')).toBe('ok');
	expect(sqlite3(path, "SELECT sum(amount) FROM account WHERE name IN ('one', 'two')")).toBe('1000000');
	const rows = sqlite3(path, 'SELECT count(*) FROM ledger');
	expect(sqlite3(path, "SELECT amount FROM account WHERE name = 'counter'")).toBe(rows);
	return Number(rows);
}
