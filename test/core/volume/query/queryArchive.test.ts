import { mkdir, readdir, writeFile } from 'node:fs/promises';
import os from 'node:os';
import { createArtifact } from '../../../../core/artifact';
import { archiveDirectory } from '../../../../core/volume/archiveDirectory';
import { type ArchiveQueryRequest, queryArchive } from '../../../../core/volume/query/queryArchive';
import { temporaryDirectory } from '../../../support/temporaryDirectory';
import { sqlite3 } from '../sqlite/support/processes';

/** Nothing stays behind, whatever became of a query; before the directory itself goes. */
afterEach(async () => {
	jest.restoreAllMocks();
	const left = [...(await readdir(directory.path('tmp'))), ...(await readdir(directory.path('backups')))];
	expect(left.filter((name) => name.startsWith('.n8n-backup-drill-'))).toEqual([]);
});

const directory = temporaryDirectory();
const never = new AbortController().signal;

beforeEach(async () => {
	for (const name of ['tmp', 'backups', 'data']) await mkdir(directory.path(name));
	jest.spyOn(os, 'tmpdir').mockReturnValue(directory.path('tmp'));
});

async function archived(databases: Record<string, string>): Promise<string> {
	await writeFile(directory.path('data', 'config'), '{}');
	for (const [name, sql] of Object.entries(databases)) sqlite3(directory.path('data', name), sql);
	const request = {
		...{ root: directory.path('backups'), component: 'n8n' as const, prefix: 'n8n_data', extension: 'tar' },
		...{ compression: { method: 'gzip' as const }, timeZone: 'utc', step: 'archiving' },
	};
	const source = archiveDirectory({ directory: directory.path('data') });
	return (await createArtifact(request, source, never)).path;
}

const query = (artifactPath: string, sql: string, more: Partial<ArchiveQueryRequest> = {}, signal = never) =>
	queryArchive({ root: directory.path('backups'), artifactPath, sql, ...more }, signal);

const shop = `PRAGMA journal_mode = WAL; CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT);
	INSERT INTO item SELECT value, 'item ' || value FROM generate_series(1, 200);`;

describe('a query of an archive', () => {
	test('gives the rows that SQLite itself gives', async () => {
		const path = await archived({ 'database.sqlite': shop });
		for (const sql of [
			'SELECT id, name FROM item ORDER BY id DESC LIMIT 3',
			'WITH last AS (SELECT max(id) AS id FROM item) SELECT item.name FROM item JOIN last USING (id);',
			'VALUES (1, 2) -- a comment',
			'SELECT count(*) FROM item /* another */ ; -- and one',
			'SELECT a.id, b.id FROM item a JOIN item b ON b.id = a.id + 1 LIMIT 2',
		]) {
			const { rows } = await query(path, sql);
			const written = sqlite3(directory.path('data', 'database.sqlite'), sql);
			expect(rows.map((row) => Object.values(row).map(String).join('|')).join('\n')).toBe(written.trim());
		}
	});

	test('is cut at the limit of rows, and says so', async () => {
		const path = await archived({ 'database.sqlite': shop });
		const { rows, isCut, notes, columns, database } = await query(path, 'SELECT id FROM item', {
			maxRows: 50,
		});
		expect({ count: rows.length, isCut, columns, database }).toEqual({
			...{ count: 50, isCut: true, columns: ['id'], database: 'database.sqlite' },
		});
		expect(notes).toEqual([
			'There are more rows than the 50 that are here. Raise the limit, or ask for fewer.',
		]);
	});

	test('gives values as JSON where that loses nothing', async () => {
		const path = await archived({ 'database.sqlite': shop });
		const sql = `SELECT 1 AS whole, 9007199254740993 AS big, 0.5 AS part, x'00ff' AS bytes, NULL AS void,
			1e999 AS endless, 'a' AS "2", 'b' AS "1", 'c' AS whole`;
		const { rows } = await query(path, sql);
		expect(rows).toEqual([
			{
				...{
					whole: 1,
					big: '9007199254740993',
					part: 0.5,
					bytes: '\\x00ff',
					void: null,
					endless: 'Infinity',
				},
				...{ '2': 'a', '1': 'b', 'whole:1': 'c' },
			},
		]);
	});

	test('of several databases asks n8n’s own, or the one that is named', async () => {
		const other = 'CREATE TABLE item (id INTEGER); INSERT INTO item VALUES (-1);';
		const path = await archived({ 'database.sqlite': shop, 'other.sqlite': other });
		const sql = 'SELECT min(id) AS id FROM item';
		expect((await query(path, sql)).rows).toEqual([{ id: 1 }]);
		expect((await query(path, sql, { database: 'other.sqlite' })).rows).toEqual([{ id: -1 }]);
		await expect(query(path, sql, { database: 'othr.sqlite' })).rejects.toMatchObject({
			code: 'not-found',
			what: 'The archive has no database othr.sqlite (it has database.sqlite, other.sqlite).',
		});
	});

	test('of several databases without n8n’s own has to be told which', async () => {
		const path = await archived({ 'a.db': shop, 'b.db': shop });
		await expect(query(path, 'SELECT 1')).rejects.toMatchObject({
			code: 'bad-parameter',
			what: expect.stringMatching(/^The archive holds several databases: (a\.db, b\.db|b\.db, a\.db)\.$/),
		});
	});
});

describe('what is wrong with a query of an archive', () => {
	const elsewhere = () => directory.path('tmp', 'written.db');

	test.each([
		['SELEC 1', /SQLite says of the query: near "SELEC": syntax error/],
		['SELECT 1 FROM', /incomplete input/],
		['SELECT nope FROM item', /no such column: nope/],
		['SELECT 1; SELECT 2', /There is more than one statement/],
		['SELECT 1; DROP TABLE item', /There is more than one statement/],
		['DELETE FROM item', /The statement is no query\. Ask with one SELECT/],
		['DELETE FROM item RETURNING id', /The statement is no query/],
		['PRAGMA journal_mode = DELETE', /The statement is no query/],
		[`VACUUM INTO 'PLACE'`, /The statement is no query/],
		[`ATTACH 'PLACE' AS other`, /The statement is no query/],
		[`SELECT 1); VACUUM INTO 'PLACE'; --`, /syntax error/],
		[`SELECT load_extension('/tmp/x.so') FROM item`, /not authorized|no such function/],
		['-- nothing', /There is no query/],
		['', /There is no query/],
	])('%s: SQLite says it, and nothing is written', async (sql, words) => {
		const path = await archived({ 'database.sqlite': shop });
		const failed = query(path, sql.replace('PLACE', elsewhere()));
		await expect(failed).rejects.toThrow(words);
		await expect(failed).rejects.toMatchObject({ code: 'bad-parameter' });
		expect(await readdir(directory.path('tmp'))).toEqual([]);
	});

	const endless = `WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n) SELECT count(*) FROM n`;

	test('one that takes too long is ended', async () => {
		const path = await archived({ 'database.sqlite': shop });
		await expect(query(path, endless, { timeoutMs: 1_000 })).rejects.toMatchObject({
			code: 'server',
			what: 'The query took longer than 1 s and was ended.',
		});
	});

	test('one that is cancelled ends', async () => {
		const path = await archived({ 'database.sqlite': shop });
		const cancelling = new AbortController();
		setTimeout(() => cancelling.abort(), 1_000);
		await expect(query(path, endless, {}, cancelling.signal)).rejects.toMatchObject({ code: 'cancelled' });
	});

	test('an archive without a database', async () => {
		await expect(query(await archived({}), 'SELECT 1')).rejects.toMatchObject({ code: 'unsupported' });
	});
});
