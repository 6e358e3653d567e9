import { execFileSync } from 'node:child_process';
import {
	chmodSync,
	copyFileSync,
	existsSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	statSync,
	utimesSync,
	writeFileSync,
} from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { temporaryDirectory } from '../../../support/temporaryDirectory';
import { packInto } from '../support/pack';
import { consistentRows, startLedger } from './support/ledger';
import { endProcessesAfterEach, kill } from './support/processes';

jest.setTimeout(60_000);

endProcessesAfterEach();
afterEach(() => jest.restoreAllMocks());
const scratch = temporaryDirectory();

/** Packs a directory, extracts the archive and returns where to. */
async function packAndExtract(directory: string) {
	mkdirSync(scratch.path('scratch'), { recursive: true });
	jest.spyOn(os, 'tmpdir').mockReturnValue(scratch.path('scratch'));
	const packed = await packInto(scratch.path('tree.tar'), { directory });
	mkdirSync(scratch.path('out'));
	execFileSync('tar', ['xpf', scratch.path('tree.tar'), '-C', scratch.path('out')]);
	expect(readdirSync(scratch.path('scratch'))).toEqual([]);
	return packed;
}

for (const journalMode of ['wal', 'delete'] as const) {
	test(`a database in ${journalMode} mode is consistent while another process writes to it`, async () => {
		mkdirSync(scratch.path('tree'));
		const path = scratch.path('tree', 'database.sqlite');
		await startLedger(path, journalMode);
		const { census, facts } = await packAndExtract(scratch.path('tree'));

		expect(census.sqlite).toEqual(['database.sqlite']);
		expect(facts.warnings).toEqual([]);
		expect(readdirSync(scratch.path('out'))).toEqual(['database.sqlite']);
		expect(consistentRows(scratch.path('out', 'database.sqlite'))).toBeGreaterThanOrEqual(1000);
	});
}

test('what is committed only in the write-ahead log of a crashed process is in the archive', async () => {
	mkdirSync(scratch.path('tree'));
	const path = scratch.path('tree', 'database.sqlite');
	const writer = await startLedger(path, 'wal');
	await kill(writer);
	expect(statSync(`${path}-wal`).size).toBeGreaterThan(0);

	const { census } = await packAndExtract(scratch.path('tree'));
	expect(census.sqlite).toEqual(['database.sqlite']);
	expect(consistentRows(scratch.path('out', 'database.sqlite'))).toBeGreaterThanOrEqual(1000);
});

test('a crashed database is captured from a directory that cannot be written to, and left as it was', async () => {
	const live = scratch.path('live');
	mkdirSync(live);
	const writer = await startLedger(join(live, 'database.sqlite'), 'wal');
	await kill(writer);
	// Without its -shm file SQLite would have to make one, which a read-only mount refuses.
	mkdirSync(scratch.path('tree'));
	for (const suffix of ['', '-wal']) {
		copyFileSync(join(live, `database.sqlite${suffix}`), scratch.path('tree', `database.sqlite${suffix}`));
	}
	const before = readFileSync(scratch.path('tree', 'database.sqlite-wal'));
	const release = makeReadOnly(scratch.path('tree'));
	try {
		const { census } = await packAndExtract(scratch.path('tree'));
		expect(census.sqlite).toEqual(['database.sqlite']);
	} finally {
		release();
	}
	expect(consistentRows(scratch.path('out', 'database.sqlite'))).toBeGreaterThanOrEqual(1000);
	expect(readFileSync(scratch.path('tree', 'database.sqlite-wal')).equals(before)).toBe(true);
});

// Only root can mount.
(process.getuid?.() === 0 ? test : test.skip).each(['wal', 'delete'] as const)(
	'a database that is written to is captured through a read-only mount, and stays consistent itself: %s',
	async (journalMode) => {
		mkdirSync(scratch.path('live'));
		mkdirSync(scratch.path('tree'));
		const path = scratch.path('live', 'database.sqlite');
		const writer = await startLedger(path, journalMode);
		execFileSync('mount', ['--bind', scratch.path('live'), scratch.path('tree')]);
		try {
			execFileSync('mount', ['-o', 'remount,bind,ro', scratch.path('tree')]);
			const { census } = await packAndExtract(scratch.path('tree'));
			expect(census.databases).toEqual([{ path: 'database.sqlite', check: 'passed' }]);
		} finally {
			execFileSync('umount', [scratch.path('tree')]);
		}
		expect(readdirSync(scratch.path('out'))).toEqual(['database.sqlite']);
		expect(consistentRows(scratch.path('out', 'database.sqlite'))).toBeGreaterThanOrEqual(1000);
		await kill(writer);
		consistentRows(path);
	},
);

/** A read-only bind mount where we may mount; the directory's permissions where we may not. */
function makeReadOnly(directory: string): () => void {
	if (process.getuid?.() !== 0) {
		chmodSync(directory, 0o555);
		return () => chmodSync(directory, 0o755);
	}
	execFileSync('mount', ['--bind', directory, directory]);
	execFileSync('mount', ['-o', 'remount,bind,ro', directory]);
	return () => execFileSync('umount', [directory]);
}

test('an idle database keeps its permissions and time, and nothing appears beside it', async () => {
	mkdirSync(scratch.path('tree'));
	const path = scratch.path('tree', 'idle.db');
	const database = new DatabaseSync(path);
	database.exec('PRAGMA journal_mode = wal; CREATE TABLE t (v); INSERT INTO t VALUES (42)');
	database.close();
	chmodSync(path, 0o640);
	utimesSync(path, 1_700_000_000, 1_700_000_000);
	await packAndExtract(scratch.path('tree'));

	const { mode, mtimeMs } = statSync(scratch.path('out', 'idle.db'));
	expect({ mode: mode & 0o777, mtimeMs }).toEqual({ mode: 0o640, mtimeMs: 1_700_000_000_000 });
	const copy = new DatabaseSync(scratch.path('out', 'idle.db'));
	expect(copy.prepare('SELECT v FROM t').get()).toEqual({ v: 42 });
	copy.close();
	expect(readdirSync(scratch.path('tree'))).toEqual(['idle.db']);
});

test('what only looks like a database is copied as it is, with its companions and a warning', async () => {
	mkdirSync(scratch.path('tree'));
	const content = Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(8192, 0x5a)]);
	writeFileSync(scratch.path('tree', 'broken.sqlite'), content);
	writeFileSync(scratch.path('tree', 'broken.sqlite-wal'), 'not a log');
	const { census, facts } = await packAndExtract(scratch.path('tree'));

	expect(census.sqlite).toEqual([]);
	expect(facts.warnings).toHaveLength(1);
	expect(facts.warnings[0]).toContain(
		'broken.sqlite begins like an SQLite database, but its header is none that SQLite writes',
	);
	expect(readFileSync(scratch.path('out', 'broken.sqlite')).equals(content)).toBe(true);
	expect(existsSync(scratch.path('out', 'broken.sqlite-wal'))).toBe(true);
});

// Only root can make a file system that is small.
(process.getuid?.() === 0 ? test : test.skip)(
	'no space for the consistent copy is an error, not a reason to copy the database as it lies',
	async () => {
		mkdirSync(scratch.path('tree'));
		mkdirSync(scratch.path('small'));
		for (const journalMode of ['wal', 'delete'] as const) {
			const path = scratch.path('tree', `${journalMode}.sqlite`);
			await startLedger(path, journalMode);
		}
		execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', scratch.path('small')]);
		try {
			for (const exclude of [['delete.*'], ['wal.*']]) {
				jest.spyOn(os, 'tmpdir').mockReturnValue(scratch.path('small'));
				const options = { directory: scratch.path('tree'), exclude };
				await expect(packInto(scratch.path('tree.tar'), options)).rejects.toThrow(
					/^There was no space left in .*small.* for a consistent copy of .*\.sqlite\. Free space there, or/,
				);
				expect(readdirSync(scratch.path('small'))).toEqual([]);
			}
		} finally {
			execFileSync('umount', [scratch.path('small')]);
		}
	},
);
