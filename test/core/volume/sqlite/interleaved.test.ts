import fs from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { copyAtRest } from '../../../../core/volume/sqlite/copyAtRest';
import { temporaryDirectory } from '../../../support/temporaryDirectory';

jest.setTimeout(120_000);

const scratch = temporaryDirectory();
const suffixes = ['', '-wal', '-shm', '-journal'];

/** Each transaction adds to both tables: in any state that was ever committed they have as many rows. */
function transact(path: string, more = ''): void {
	const database = new DatabaseSync(path);
	try {
		database.exec('PRAGMA cache_size = 5');
		database.exec(
			`BEGIN; INSERT INTO debit VALUES (randomblob(600000)); INSERT INTO credit VALUES (1); COMMIT; ${more}`,
		);
	} finally {
		database.close();
	}
}

/** Does something before the n-th call of `node:fs`. */
function beforeCall(due: number, happens: () => void): { calls(): number; end(): void } {
	const names = ['openSync', 'readSync', 'writeSync', 'closeSync', 'existsSync', 'rmSync'];
	const module = fs as unknown as Record<string, (...given: unknown[]) => unknown>;
	const originals = new Map(names.map((name) => [name, module[name]!]));
	let calls = 0;
	for (const [name, original] of originals) {
		module[name] = (...given) => {
			if (++calls === due) happens();
			return original(...given);
		};
	}
	return {
		calls: () => calls,
		end() {
			for (const [name, original] of originals) module[name] = original;
		},
	};
}

/** Rows of both tables, by SQLite itself, which finds no damage. */
function rowsOf(path: string): unknown {
	const database = new DatabaseSync(path);
	try {
		expect(database.prepare('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }]);
		return database
			.prepare('SELECT (SELECT count(*) FROM debit) AS d, (SELECT count(*) FROM credit) AS c')
			.get();
	} finally {
		database.close();
	}
}

describe.each(['DELETE', 'PERSIST', 'WAL'])('A database in mode %s', (mode) => {
	it.each([
		['a transaction and a checkpoint', 'PRAGMA wal_checkpoint(TRUNCATE)'],
		[
			'two transactions',
			'BEGIN; DELETE FROM debit WHERE rowid = 1; DELETE FROM credit WHERE rowid = 1; COMMIT',
		],
	])('is copied as it was at some moment, or not at all, when %s comes before any call', (_, more) => {
		for (let due = 1, isOver = false; !isOver; due++) {
			const [path, copy] = [scratch.path('live.sqlite'), scratch.path('copy.sqlite')];
			for (const base of [path, copy])
				for (const suffix of suffixes) fs.rmSync(`${base}${suffix}`, { force: true });
			// A connection that stays open leaves the log.
			const holder = new DatabaseSync(path);
			holder.exec(`PRAGMA journal_mode = ${mode}; CREATE TABLE debit (x); CREATE TABLE credit (x)`);
			transact(path);
			transact(path);
			let error: unknown;
			const watch = beforeCall(due, () => transact(path, more));
			try {
				copyAtRest(Buffer.from(path), copy);
			} catch (reason) {
				error = reason;
			} finally {
				watch.end();
				holder.close();
			}
			isOver = watch.calls() < due;
			if (isOver) expect(due).toBeGreaterThan(15);
			if (error !== undefined) {
				expect((error as Error).message).toBe('it was written to while it was copied');
				continue;
			}
			const rows = rowsOf(copy);
			const after = rowsOf(path) as { d: number; c: number };
			expect([{ d: 2, c: 2 }, { ...after }]).toContainEqual({ ...(rows as object) });
		}
	});
});
