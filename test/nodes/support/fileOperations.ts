import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, rmdir, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type Component, createArtifact, type Manifest } from '../../../core/artifact';
import { archiveDirectory } from '../../../core/volume/archiveDirectory';
import { makeBackups } from '../../support/makeBackups';
import { writeBackup } from '../../support/writeBackup';
import { writeDump } from '../../core/postgres/support/restoring';
import { sqlite3 } from '../../core/volume/sqlite/support/processes';
import type { OperationRow } from './operations';

/** What needs no server. */
export const fileOperations = (instanceId: () => string): OperationRow[] => [
	verify('postgresBackup', ['postgres']),
	verify('redisSnapshot', ['redis']),
	verify('volumeArchive', ['n8n', 'env']),
	{
		name: 'pruneBackups list',
		works: async (place) => ({ parameters: { backupDirectory: await twoNights(place, instanceId()) } }),
		judge: (items) => {
			expect(items.map(({ name, state }) => [name, state])).toEqual([
				['n8n_20250102_020000.sql.gz', 'good'],
				['n8n_20250101_020000.sql.gz', 'good'],
			]);
		},
		fails: async (place) => await nowhere(place, 'backupDirectory'),
		says: neitherExists('Backup Directory'),
	},
	{
		name: 'pruneBackups report',
		works: async (place) => ({ parameters: { backupDirectory: await twoNights(place, instanceId()) } }),
		judge: ([item, ...more]) => {
			expect(more).toEqual([]);
			expect(item).toMatchObject({
				allGood: false,
				backups: [{ component: 'postgres', health: 'late', newestGood: 'n8n_20250102_020000.sql.gz' }],
				leaving: [],
				html: expect.stringMatching(/^<!doctype html>.*needs a look/s),
			});
		},
		fails: async (place) => await nowhere(place, 'backupDirectory'),
		says: neitherExists('Backup Directory'),
	},
	{
		name: 'pruneBackups checkSetup',
		works: async (place) => ({
			parameters: {
				backupDirectory: await twoNights(place, instanceId()),
				...{ checkPostgres: false, checkRedis: false },
			},
		}),
		judge: async (items, place) => {
			for (const item of items) {
				expect(Object.keys(item)).toEqual(['check', 'result', 'found', 'whatToDo']);
				expect(item.whatToDo).not.toBe('');
			}
			expect(Object.fromEntries(items.map(({ check, result }) => [check, result]))).toMatchObject({
				N8N_RESTRICT_FILE_ACCESS_TO: 'passed',
				'backup directory': 'passed',
				'free space': 'passed',
				'data folder': 'unknown',
				PostgreSQL: 'unknown',
				Redis: 'unknown',
				encryption: 'unknown',
			});
			expect(await readdir(join(place, 'backups'))).toEqual(['postgres']);
		},
		fails: async () => await Promise.resolve({ parameters: { backupDirectory: ' ' } }),
		says: { message: /Backup Directory is empty/, description: /Fill it in/ },
	},
	{
		name: 'pruneBackups prune',
		works: async (place) => ({
			parameters: { backupDirectory: await twoNights(place, instanceId()), keepDays: 0, keepLast: 1 },
		}),
		judge: async (items, place) => {
			expect(items.map(({ name, action, deleted }) => [name, action, deleted])).toEqual([
				['n8n_20250102_020000.sql.gz', 'keep', false],
				['n8n_20250101_020000.sql.gz', 'delete', true],
			]);
			expect(await readdir(join(place, 'backups', 'postgres'))).toEqual([
				'n8n_20250102_020000.sql.gz',
				'n8n_20250102_020000.sql.gz.manifest.json',
			]);
		},
		fails: async (place) => ({
			parameters: { backupDirectory: await twoNights(place, instanceId()), keepDays: 0, keepLast: 0 },
		}),
		says: {
			message: /Every retention rule is 0, which would keep nothing/,
			description: /Set at least one of them, for example keep days to 7; nothing was deleted/,
		},
	},
	{
		name: 'pruneBackups prune: dry run',
		works: async (place) => ({
			parameters: {
				backupDirectory: await twoNights(place, instanceId()),
				keepDays: 0,
				keepLast: 1,
				dryRun: true,
			},
		}),
		judge: async (items, place) => {
			expect(items.map(({ action, deleted }) => [action, deleted])).toEqual([
				['keep', false],
				['delete', false],
			]);
			expect(await readdir(join(place, 'backups', 'postgres'))).toHaveLength(4);
		},
		fails: async (place) => ({
			parameters: {
				backupDirectory: await twoNights(place, instanceId()),
				options: { failedComponents: 'mysql' },
			},
		}),
		says: {
			message: /"mysql" is no component/,
			description: /Use postgres, redis, n8n, env; nothing was deleted/,
		},
	},
	{
		name: 'pruneBackups prune: accepted backups',
		works: async (place) => ({
			parameters: {
				backupDirectory: await twoNights(place, instanceId(), { isShrunk: true }),
				keepDays: 0,
				keepLast: 1,
				options: { accepted: 'n8n_20250102_020000.sql.gz' },
			},
		}),
		judge: async (items, place) => {
			expect(items.map(({ name, state, action, deleted }) => [name, state, action, deleted])).toEqual([
				['n8n_20250102_020000.sql.gz', 'good', 'keep', false],
				['n8n_20250101_020000.sql.gz', 'good', 'delete', true],
			]);
			expect((await secondNight(place)).shrunk).toEqual({
				...shrunkBackup,
				acceptedAt: expect.any(String) as string,
			});
		},
		fails: async (place) => ({
			parameters: {
				backupDirectory: await twoNights(place, instanceId(), { isShrunk: true }),
				keepDays: 0,
				keepLast: 0,
				options: { accepted: 'n8n_20250102_020000.sql.gz' },
			},
		}),
		afterFailing: async (place) => {
			expect((await secondNight(place)).shrunk).toEqual(shrunkBackup);
		},
		says: {
			message: /Every retention rule is 0, which would keep nothing/,
			description: /Set at least one of them, for example keep days to 7; nothing was deleted/,
		},
	},
	{
		name: 'volumeArchive archive built-in',
		works: async (place) => {
			const directory = join(place, 'data');
			await mkdir(directory);
			await writeFile(join(directory, 'config'), '{"encryptionKey":"k"}');
			return { parameters: { backupDirectory: await emptyDirectory(place), directory } };
		},
		judge: ([item]) => {
			expect(item).toMatchObject({
				component: 'n8n',
				source: expect.stringMatching(/^directory .*data$/) as string,
			});
			expect(item).not.toHaveProperty('warnings');
			expect(execFileSync('tar', ['-xzOf', item!.path as string, 'config']).toString()).toBe(
				'{"encryptionKey":"k"}',
			);
		},
		fails: async (place) => await nowhere(place, 'directory'),
		says: neitherExists('Directory'),
	},
	{
		name: 'volumeArchive copyFile',
		works: async (place) => {
			await writeFile(join(place, '.env'), 'N8N_ENCRYPTION_KEY=k\n');
			return { parameters: { backupDirectory: await emptyDirectory(place), file: join(place, '.env') } };
		},
		judge: async ([item]) => {
			expect(await readFile(item!.path as string, 'utf8')).toBe('N8N_ENCRYPTION_KEY=k\n');
		},
		fails: async (place) => await nowhere(place, 'file'),
		says: neitherExists('File'),
	},
	{
		name: 'volumeArchive drill',
		works: async (place) => await drilling(place),
		judge: ([item]) => {
			expect(item).toMatchObject({ result: 'passed' });
		},
		fails: async (place) => await drilling(place, { damaged: true }),
		says: { message: /n8n_data_\d+_\d+\.tar\.gz did not pass its drill/, description: /drill an older one/ },
	},
	{
		name: 'volumeArchive drill: of more than it may take out, which is no failure',
		works: async (place) => await drilling(place, { rows: 300_000, options: { maxMegabytes: 1 } }),
		judge: ([item]) => {
			expect(item).toMatchObject({
				result: 'unknown',
				obstacle: expect.stringMatching(/have more than the 1048576 bytes that a drill takes/) as string,
			});
		},
		fails: async (place) => await drilling(place, { directory: 'empty' }),
		says: { message: /holds no SQLite database that could be opened/, description: /Verify says whether/ },
	},
	{
		name: 'volumeArchive drill: leftovers of others',
		works: async (place) => {
			const call = await drilling(place);
			await leaveDrills(place);
			return call;
		},
		judge: async ([item], place) => {
			expect(item).toMatchObject({ result: 'passed' });
			for (const home of [tmpdir(), join(place, 'backups')]) {
				const ours = (await readdir(home)).filter((name) => name.includes(basename(place)));
				expect(ours).toEqual([drillName(place, 'young')]);
				await rmdir(join(home, drillName(place, 'young')));
			}
		},
		fails: async (place) => await drilling(place, { damaged: true }),
		says: { message: /n8n_data_\d+_\d+\.tar\.gz did not pass its drill/, description: /drill an older one/ },
	},
	{
		name: 'volumeArchive query',
		works: async (place) => {
			const { parameters } = await drilling(place);
			return { parameters: { ...parameters, sql: 'SELECT a FROM t ORDER BY a DESC' } };
		},
		judge: (items) => expect(items).toEqual([{ a: 2 }, { a: 1 }]),
		fails: async (place) => {
			const { parameters } = await drilling(place);
			return { parameters: { ...parameters, sql: 'DELETE FROM t' } };
		},
		says: { message: /The statement is no query/, description: /a backup is only read here/ },
	},
	{
		name: 'postgresBackup query',
		works: async (place) => await querying(place, 'SELECT id, name FROM item ORDER BY id LIMIT 2'),
		judge: (items) =>
			expect(items).toEqual([
				{ id: 1, name: 'one' },
				{ id: 2, name: 'two' },
			]),
		fails: async (place) => await querying(place, 'SELECT nope FROM item'),
		says: {
			message: /column "nope" does not exist \(SQLSTATE 42703, at character 8\)/,
			description: /Correct the query/,
		},
	},
	{
		name: 'volumeArchive restore built-in',
		works: async (place) => await restoring(place, 'n8n', join(place, 'restored')),
		judge: async (_items, place) => {
			expect(await readFile(join(place, 'restored', 'config'), 'utf8')).toBe(
				'{"encryptionKey":"of-the-test"}',
			);
		},
		fails: async (place) => await restoring(place, 'n8n', join(place, 'restored'), { damaged: true }),
		says: { message: /n8n_\d+_\d+\.tar\.gz/, description: /\S/ },
	},
	{
		name: 'volumeArchive restore built-in: file',
		works: async (place) => await restoring(place, 'env', join(place, 'restored.env')),
		judge: async (_items, place) => {
			expect(await readFile(join(place, 'restored.env'), 'utf8')).toBe('N8N_ENCRYPTION_KEY=of-the-test\n');
		},
		fails: async (place) => await restoring(place, 'env', join(place, '.env')),
		says: { message: /\.env/, description: /allow overwriting; nothing was changed/ },
	},
];

const neitherExists = (label: string) => ({
	message: new RegExp(`${label}: neither .* nor .* exists`),
	description: /Correct the path, or mount it into the container of n8n and of every worker/,
});

async function nowhere(place: string, parameter: string) {
	const path = join(place, 'nowhere', 'there');
	return { parameters: { backupDirectory: await emptyDirectory(place), [parameter]: path } };
}

async function emptyDirectory(place: string): Promise<string> {
	const path = join(place, 'backups');
	await mkdir(path);
	return path;
}

const shrunkBackup = {
	before: 'n8n_20250101_020000.sql.gz',
	lost: ['public.workflow_entity had 12 rows and has 0.'],
};

async function twoNights(place: string, instanceId: string, { isShrunk = false } = {}): Promise<string> {
	const backupDirectory = await emptyDirectory(place);
	await writeBackup(backupDirectory, { stamp: '20250101_020000', manifest: { instanceId } });
	const shrunk = isShrunk ? shrunkBackup : undefined;
	await writeBackup(backupDirectory, { stamp: '20250102_020000', manifest: { instanceId, shrunk } });
	return backupDirectory;
}

async function secondNight(place: string): Promise<Manifest> {
	const path = join(place, 'backups', 'postgres', 'n8n_20250102_020000.sql.gz.manifest.json');
	return JSON.parse(await readFile(path, 'utf8')) as Manifest;
}

/** Directories that drills have left in both places: one long ago, and one that is still used. */
async function leaveDrills(place: string): Promise<void> {
	const minutesAgo = Date.now() / 1000 - 600;
	for (const home of [tmpdir(), join(place, 'backups')]) {
		for (const name of ['old', 'young']) await mkdir(join(home, drillName(place, name)));
		await utimes(join(home, drillName(place, 'old')), minutesAgo, minutesAgo);
	}
}

const drillName = (place: string, name: string) => `.n8n-backup-drill-${basename(place)}-${name}`;

function verify(node: string, components: Component[]): OperationRow {
	const lay = async (place: string, { damaged = false } = {}) => {
		const backupDirectory = await emptyDirectory(place);
		const made = await makeBackups(backupDirectory);
		const { path, manifest } = made[components[0]!];
		if (damaged) await truncate(path, manifest.storedBytes - 1);
		return { parameters: { backupDirectory, which: damaged ? 'one' : 'all', artifact: damaged ? path : '' } };
	};
	return {
		name: `${node} verify`,
		works: lay,
		judge: (items) => {
			expect(items.map(({ component, result }) => [component, result])).toEqual(
				components.map((component) => [component, 'passed']),
			);
		},
		fails: async (place) => await lay(place, { damaged: true }),
		says: {
			message: /does not hold what it should: /,
			description: /Do not rely on it; restore from another one, and find out what changed it/,
		},
	};
}

/** A dump with a table of three rows. */
async function querying(place: string, sql: string) {
	const backupDirectory = await emptyDirectory(place);
	const path = await writeBackup(backupDirectory, { stamp: '20250101_020000' });
	const rows = ['1\tone', '2\ttwo', '3\tthree', '\\.'].join('\n');
	await writeDump(
		path,
		`CREATE TABLE public.item (id int, name text);\nCOPY public.item (id, name) FROM stdin;\n${rows}`,
	);
	return { parameters: { backupDirectory, artifact: path, sql } };
}

interface Drilling {
	damaged?: boolean;
	rows?: number;
	/** What is archived: `data`, which has a database in it, or `empty`. */
	directory?: 'data' | 'empty';
	options?: object;
}

/** An archive with a database in it. */
async function drilling(
	place: string,
	{ damaged = false, rows = 2, directory = 'data', options = {} }: Drilling = {},
) {
	const backupDirectory = await emptyDirectory(place);
	const data = join(place, 'data');
	await mkdir(data);
	sqlite3(
		join(data, 'database.sqlite'),
		`CREATE TABLE t (a); INSERT INTO t SELECT value FROM generate_series(1, ${rows});`,
	);
	await mkdir(join(place, 'empty'));
	await writeFile(join(place, 'empty', 'notes'), 'no database');
	const { path, manifest } = await createArtifact(
		{
			...{ root: backupDirectory, component: 'n8n', prefix: 'n8n_data', extension: 'tar' },
			...{ compression: { method: 'gzip' }, timeZone: 'utc', step: 'archiving' },
		},
		archiveDirectory({ directory: join(place, directory) }),
		new AbortController().signal,
	);
	if (damaged) await truncate(path, manifest.storedBytes - 1);
	return { parameters: { backupDirectory, artifact: path, options } };
}

async function restoring(place: string, kind: 'n8n' | 'env', destination: string, { damaged = false } = {}) {
	const backupDirectory = await emptyDirectory(place);
	const { path, manifest } = (await makeBackups(backupDirectory))[kind];
	if (damaged) await truncate(path, manifest.storedBytes - 1);
	return { parameters: { backupDirectory, kind, destination, artifact: path } };
}
