import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '../../../support/temporaryDirectory';
import { endProcessesAfterEach, sqlite3, startUntilLine } from './support/processes';

jest.setTimeout(120_000);

endProcessesAfterEach();
const scratch = temporaryDirectory();

/** A process that is to SQLite what n8n is: it has the database open and archives the directory itself. */
async function startN8nLike(journalMode: string, ...task: string[]) {
	const directory = scratch.path('live');
	mkdirSync(directory);
	const script = join(__dirname, 'support', 'n8nLike.cjs');
	const child = await startUntilLine(process.execPath, script, directory, journalMode, ...task);
	return { child, database: join(directory, 'database.sqlite') };
}

for (const journalMode of ['wal', 'delete']) {
	test(`archiving its own database again and again does not end a process that writes to it: ${journalMode}`, async () => {
		const { child, database } = await startN8nLike(journalMode, 'write');
		const [exitCode, signal] = (await once(child, 'exit')) as [number | null, string | null];

		expect({ exitCode, signal }).toEqual({ exitCode: 0, signal: null });
		expect(sqlite3(database, 'PRAGMA integrity_check')).toBe('ok');
		for (let i = 0; i < 8; i++) {
			const out = scratch.path(`out-${i}`);
			mkdirSync(out);
			execFileSync('tar', ['xf', `${scratch.path('live')}-${i}.tar`, '-C', out]);
			expect(sqlite3(join(out, 'database.sqlite'), 'PRAGMA integrity_check')).toBe('ok');
			expect(Number(sqlite3(join(out, 'database.sqlite'), 'SELECT count(*) FROM t'))).toBeGreaterThanOrEqual(
				500,
			);
		}
	});
}

test.each([
	['the database of a process that archives it', 'delete', []],
	['a database in WAL mode', 'wal', []],
	['a database whose lock file alone is archived', 'wal', ['database.sqlite', '*-wal']],
])('%s stays locked by the transaction that has it locked', async (_, journalMode, exclude) => {
	const { child, database } = await startN8nLike(journalMode, 'hold', ...exclude);

	const other = spawnSync('sqlite3', [database, 'BEGIN IMMEDIATE; COMMIT'], { encoding: 'utf8' });
	expect(other.stderr).toContain('database is locked');
	child.stdin?.end();
	expect(await once(child, 'exit')).toEqual([0, null]);
	expect(sqlite3(database, 'PRAGMA integrity_check')).toBe('ok');
	expect(sqlite3(database, 'SELECT count(*) FROM t')).toBe('501');
});
