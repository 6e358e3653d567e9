import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { temporaryDirectory } from '../../../support/temporaryDirectory';

jest.setTimeout(120_000);

const started: ChildProcess[] = [];

// Before the directory's own clean-up, which must not find anybody writing there.
afterEach(async () => {
	for (const child of started.splice(0)) {
		if (child.exitCode !== null || child.signalCode !== null) continue;
		child.kill('SIGKILL');
		await once(child, 'exit');
	}
});

const scratch = temporaryDirectory();

/** A process that is to SQLite what n8n is: it has the database open and archives the directory itself. */
function startN8nLike(journalMode: string, ...task: string[]) {
	const directory = scratch.path('live');
	mkdirSync(directory);
	const child = spawn(process.execPath, [join(__dirname, 'n8nLike.cjs'), directory, journalMode, ...task], {
		stdio: ['pipe', 'pipe', 'inherit'],
	});
	started.push(child);
	return { child, database: join(directory, 'database.sqlite') };
}

function sqlite3(database: string, sql: string): string {
	return execFileSync('sqlite3', [database, sql], { encoding: 'utf8' }).trim();
}

for (const journalMode of ['wal', 'delete']) {
	test(`archiving its own database again and again does not end a process that writes to it: ${journalMode}`, async () => {
		const { child, database } = startN8nLike(journalMode, 'write');
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
	const { child, database } = startN8nLike(journalMode, 'hold', ...exclude);
	await once(createInterface(child.stdout), 'line');

	const other = spawnSync('sqlite3', [database, 'BEGIN IMMEDIATE; COMMIT'], { encoding: 'utf8' });
	expect(other.stderr).toContain('database is locked');
	child.stdin.end();
	expect(await once(child, 'exit')).toEqual([0, null]);
	expect(sqlite3(database, 'PRAGMA integrity_check')).toBe('ok');
	expect(sqlite3(database, 'SELECT count(*) FROM t')).toBe('501');
});
