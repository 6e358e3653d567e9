import { spawnSync } from 'node:child_process';
import {
	copyFileSync,
	existsSync,
	readdirSync,
	readFileSync,
	readlinkSync,
	rmSync,
	writeFileSync,
} from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { DatabaseCopier } from '../../../../core/volume/sqlite/databaseCopier';
import { eventually } from '../../../../lab/eventually';
import { temporaryDirectory } from '../../../support/temporaryDirectory';
import { endProcessesAfterEach, kill, sqlite3, startScript } from './support/processes';

jest.setTimeout(60_000);

endProcessesAfterEach();
const scratch = temporaryDirectory();
let copier: DatabaseCopier;
beforeEach(() => {
	copier = new DatabaseCopier({ lockTimeoutMs: 1000 });
});
afterEach(async () => await copier[Symbol.asyncDispose]());

const live = () => scratch.path('live.sqlite');
const copy = () => scratch.path('copy.sqlite');

function makeDatabase(sql: string): void {
	sqlite3(live(), sql);
}

const rowsSql = (rows: number) =>
	`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows}) `;

function readlinkIfThere(path: string): string | undefined {
	try {
		return readlinkSync(path);
	} catch {
		return undefined;
	}
}

/** Process ids of this process's children. */
function children(): string[] {
	return readFileSync('/proc/thread-self/children', 'utf8').trim().split(' ').filter(Boolean);
}

test.each(['', 'team_'])('n8n’s own database says how far it is migrated: prefix “%s”', async (prefix) => {
	for (const table of ['workflow_entity', 'credentials_entity', 'execution_entity'])
		makeDatabase(`CREATE TABLE ${prefix}${table} (id INTEGER)`);
	const found = async () => {
		const copied = await copier.copy(live(), copy());
		return copied.kind === 'database' ? copied.examination.n8n : copied;
	};
	expect(await found()).toBeUndefined();
	makeDatabase(
		`CREATE TABLE ${prefix}migrations (id INTEGER PRIMARY KEY, timestamp bigint, name varchar);` +
			`INSERT INTO ${prefix}migrations (timestamp, name) VALUES (1, 'First1'), (2, 'Second2')`,
	);
	expect(await found()).toEqual({ lastMigration: 'Second2', migrations: 2 });
	makeDatabase(
		`CREATE TABLE ${prefix}instance_version_history (id INTEGER PRIMARY KEY, major int, minor int, patch int);` +
			`INSERT INTO ${prefix}instance_version_history (major, minor, patch) VALUES (2, 9, 1), (2, 40, 7)`,
	);
	expect(await found()).toEqual({ version: '2.40.7', lastMigration: 'Second2', migrations: 2 });
});

test.each(['', 'team_'])(
	'the census of n8n’s own database has the rows of each table: prefix “%s”',
	async (prefix) => {
		const tables = ['workflow_entity', 'credentials_entity', 'execution_entity', 'settings'];
		for (const [i, table] of tables.entries()) {
			makeDatabase(
				`CREATE TABLE ${prefix}${table} (id INTEGER PRIMARY KEY AUTOINCREMENT, data TEXT);` +
					`INSERT INTO ${prefix}${table} (data) ${rowsSql(10 * (i + 1))} SELECT hex(randomblob(2000)) FROM n`,
			);
		}
		makeDatabase('CREATE TABLE "odd ""name" (x)');
		const copied = await copier.copy(live(), copy());

		const counted = [...tables.map((table) => `${prefix}${table}`), 'odd "name'].map((table) => [
			table,
			Number(sqlite3(copy(), `SELECT count(*) FROM "${table.replaceAll('"', '""')}"`)),
		]);
		expect(copied).toEqual({
			kind: 'database',
			examination: { check: 'passed', tables: Object.fromEntries(counted) },
		});
		expect(Object.fromEntries(counted)).toMatchObject({ [`${prefix}settings`]: 40, 'odd "name': 0 });
	},
);

test('another program’s database is checked, its rows are nobody’s business', async () => {
	makeDatabase('CREATE TABLE settings (x)');
	expect(await copier.copy(live(), copy())).toEqual({ kind: 'database', examination: { check: 'passed' } });
});

test('a damaged database is an error that says how to go on, and leaves no copy', async () => {
	makeDatabase(`CREATE TABLE t (x); INSERT INTO t ${rowsSql(2000)} SELECT randomblob(500) FROM n`);
	const bytes = readFileSync(live());
	bytes.fill(0x5a, 8192, 8192 + 4096);
	writeFileSync(live(), bytes);
	const judged = spawnSync('sqlite3', [live(), 'PRAGMA quick_check'], { encoding: 'utf8' });
	expect(judged.stdout.trim()).not.toBe('ok');

	await expect(copier.copy(live(), copy())).rejects.toMatchObject({
		code: 'damaged',
		message: expect.stringMatching(
			/live\.sqlite is a damaged or encrypted SQLite database: .*Repair it with the command \.recover of sqlite3, or exclude it by a pattern\.$/s,
		) as string,
	});
	expect(existsSync(copy())).toBe(false);
});

test('a database whose rows can all be read, but lie in the wrong places, is damaged too', async () => {
	makeDatabase(`CREATE TABLE t (x); INSERT INTO t ${rowsSql(2000)} SELECT randomblob(500) FROM n`);
	const bytes = readFileSync(live());
	// Two leaves of the table change places, so that row numbers go back.
	const [one, other] = [4096 * 4, 4096 * 9];
	const leaf = Buffer.from(bytes.subarray(one, one + 4096));
	bytes.copyWithin(one, other, other + 4096);
	leaf.copy(bytes, other);
	writeFileSync(live(), bytes);
	expect(sqlite3(live(), 'SELECT count(*), sum(length(x)) FROM t')).toBe('2000|1000000');
	expect(sqlite3(live(), 'PRAGMA quick_check')).toMatch(/out of order/);

	await expect(copier.copy(live(), copy())).rejects.toMatchObject({
		code: 'damaged',
		message: expect.stringMatching(/live\.sqlite is a damaged .* out of order/s) as string,
	});
	expect(existsSync(copy())).toBe(false);
});

test('a database that is encrypted behind a readable header is an error too', async () => {
	makeDatabase(`CREATE TABLE t (x); INSERT INTO t ${rowsSql(100)} SELECT randomblob(500) FROM n`);
	const bytes = readFileSync(live());
	for (let i = 100; i < bytes.length; i++) bytes[i] = (i * 7919) % 251;
	writeFileSync(live(), bytes);
	await expect(copier.copy(live(), copy())).rejects.toThrow('is a damaged or encrypted SQLite database');
});

test('a database with a collation that only its own program has is captured, and said to be unchecked', async () => {
	makeDatabase('CREATE TABLE t (x TEXT COLLATE NOCASE); CREATE INDEX i ON t (x); INSERT INTO t VALUES (1)');
	const database = new DatabaseSync(live(), { defensive: false });
	database.exec(
		"PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(sql, 'NOCASE', 'THEIR_OWN')",
	);
	database.close();
	expect(await copier.copy(live(), copy())).toEqual({
		kind: 'database',
		examination: {
			check: 'unchecked',
			uncheckedReason: expect.stringContaining('THEIR_OWN') as string,
		},
	});
	expect(sqlite3(copy(), 'SELECT count(*) FROM t')).toBe('1');
});

test('rows that break a constraint are no damage', async () => {
	makeDatabase(
		'PRAGMA ignore_check_constraints = ON; CREATE TABLE t (x CHECK (x > 5)); INSERT INTO t VALUES (1)',
	);
	expect(await copier.copy(live(), copy())).toMatchObject({ examination: { check: 'passed' } });
});

const lockForEver = `
	const database = new DatabaseSync(process.argv[1]);
	database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; INSERT INTO t VALUES (2)');
	console.log('locked');
	setInterval(() => {}, 1000);`;

test('a database that stays locked is an error that says for how long', async () => {
	makeDatabase('CREATE TABLE t (x)');
	await startScript(lockForEver, live());
	await expect(copier.copy(live(), copy())).rejects.toThrow(
		/live\.sqlite was locked by another program for 1 seconds\. Run it again when that program has finished writing, or exclude/,
	);
	expect(existsSync(copy())).toBe(false);
});

test('a database that is locked for a moment is waited for', async () => {
	makeDatabase('CREATE TABLE t (x); INSERT INTO t VALUES (1)');
	const locker = await startScript(
		`const database = new DatabaseSync(process.argv[1]);
		database.exec('BEGIN EXCLUSIVE');
		console.log('locked');
		setInterval(() => {}, 1000);`,
		live(),
	);
	await using patient = new DatabaseCopier({ lockTimeoutMs: 30_000 });
	const before = children();
	const copying = patient.copy(live(), copy());
	copying.catch(() => {});
	await eventually(() => {
		const [pid] = children().filter((child) => !before.includes(child));
		const open = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkIfThere(`/proc/${pid}/fd/${fd}`));
		expect(open).toContain(live());
	});
	await kill(locker);
	expect(await copying).toMatchObject({ kind: 'database', examination: { check: 'passed' } });
	expect(sqlite3(copy(), 'SELECT x FROM t')).toBe('1');
});

test('a database whose program keeps others out is captured from its log', async () => {
	makeDatabase('PRAGMA journal_mode = wal; CREATE TABLE t (x); INSERT INTO t VALUES (1)');
	await startScript(lockForEver, live());
	await copier.copy(live(), copy());
	expect(sqlite3(copy(), 'PRAGMA integrity_check; SELECT x FROM t')).toBe('ok\n1');
});

test('the unfinished transaction of a crashed program is rolled back in the copy, and left alone where it lies', async () => {
	makeDatabase(`CREATE TABLE t (x, y); INSERT INTO t ${rowsSql(3000)} SELECT randomblob(500), 'old' FROM n`);
	const crashed = await startScript(
		`const database = new DatabaseSync(process.argv[1]);
		database.exec("PRAGMA cache_size = 10; BEGIN; UPDATE t SET y = 'new'");
		console.log('half way');
		setInterval(() => {}, 1000);`,
		live(),
	);
	await kill(crashed);
	const before = [live(), `${live()}-journal`].map((path) => readFileSync(path));
	expect(before[1]!.length).toBeGreaterThan(100_000);

	expect(await copier.copy(live(), copy())).toMatchObject({ examination: { check: 'passed' } });
	expect(sqlite3(copy(), 'SELECT y, count(*) FROM t GROUP BY y')).toBe('old|3000');
	expect([live(), `${live()}-journal`].map((path) => readFileSync(path))).toEqual(before);
});

test('what is committed only in a log without its index is in the copy, and nothing appears beside it', async () => {
	makeDatabase('PRAGMA journal_mode = wal; CREATE TABLE t (x)');
	const database = new DatabaseSync(live());
	database.exec('PRAGMA wal_autocheckpoint = 0; INSERT INTO t VALUES (1), (2), (3)');
	for (const suffix of ['', '-wal']) copyFileSync(`${live()}${suffix}`, scratch.path(`crashed${suffix}`));
	database.close();

	await copier.copy(scratch.path('crashed'), copy());
	expect(sqlite3(copy(), 'SELECT count(*) FROM t')).toBe('3');
	expect(existsSync(scratch.path('crashed-shm'))).toBe(false);
});

test('what is no database is copied byte by byte, and what is gone is no error', async () => {
	writeFileSync(scratch.path('log'), 'one line\n');
	expect(await copier.copy(scratch.path('log'), copy())).toEqual({ kind: 'file', hasChanged: false });
	expect(readFileSync(copy(), 'utf8')).toBe('one line\n');
	expect(await copier.copy(scratch.path('nothing'), scratch.path('copy-2'))).toEqual({ kind: 'vanished' });
});

test('one process copies all databases, and sees nothing of n8n’s environment', async () => {
	process.env.N8N_ENCRYPTION_KEY = 'not for children';
	process.env.NODE_OPTIONS ??= '';
	try {
		makeDatabase('CREATE TABLE t (x)');
		const before = children();
		await copier.copy(live(), copy());
		const [pid, ...others] = children().filter((child) => !before.includes(child));
		expect(others).toEqual([]);
		rmSync(copy());
		await copier.copy(live(), copy());
		expect(children().filter((child) => !before.includes(child))).toEqual([pid]);
		const environment = readFileSync(`/proc/${pid}/environ`, 'utf8');
		expect(environment).not.toMatch(/N8N|NODE_OPTIONS/);
		await copier[Symbol.asyncDispose]();
		expect(existsSync(`/proc/${pid}`)).toBe(false);
	} finally {
		delete process.env.N8N_ENCRYPTION_KEY;
	}
});

test('a copying process that is killed is an error, not a wait without end', async () => {
	makeDatabase('CREATE TABLE t (x)');
	const before = children();
	await copier.copy(live(), copy());
	const [pid] = children().filter((child) => !before.includes(child));
	process.kill(Number(pid), 'SIGKILL');
	await expect(copier.copy(live(), scratch.path('copy-2'))).rejects.toThrow(
		'The process that copies databases was ended by SIGKILL. Run it again',
	);
});
