import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { command } from '../../lab/command';
import { temporaryDirectory } from '../support/temporaryDirectory';
import { type Block, bashBlocks, readDocument } from './support/blocks';
import { follow, installCommand } from './support/follow';

jest.setTimeout(120_000);

const directory = temporaryDirectory();
const project = (...parts: string[]) => directory.path('project', ...parts);
let blocks: Block[];

beforeAll(async () => {
	blocks = bashBlocks(await readDocument('restore.md'));
});

/** A data folder and a `.env`, and backups of both. */
beforeEach(async () => {
	await installCommand(directory.path('bin'));
	await mkdir(project('backups'), { recursive: true });
	await mkdir(project('n8n-data'));
	await writeFile(project('n8n-data', 'config'), '{"encryptionKey":"of-the-test"}');
	await writeFile(project('.env'), 'N8N_ENCRYPTION_KEY=of-the-test\n');
	await writeFile(project('compose.yaml'), 'services: {}\n');
	change(
		'PRAGMA journal_mode = WAL',
		'CREATE TABLE workflow_entity (id INTEGER PRIMARY KEY, name TEXT)',
		...Array.from(
			{ length: 50 },
			(_, i) => `INSERT INTO workflow_entity VALUES (${i + 1}, 'Workflow ${i + 1}')`,
		),
	);
	for (const args of [
		['create', 'volume', project('n8n-data')],
		['create', 'file', project('.env')],
		['create', 'file', project('compose.yaml')],
	]) {
		expect((await command(args, environment())).exitCode).toBe(0);
	}
});

const environment = () => ({ N8N_BACKUP_DIRECTORY: project('backups') });

/** As n8n writes to its database, and leaves it when it is stopped. */
function change(...statements: string[]): void {
	const database = new DatabaseSync(project('n8n-data', 'database.sqlite'));
	for (const statement of statements) database.exec(statement);
	database.close();
}

/** What SQLite's own program finds in a database. */
async function ask(database: string, sql: string): Promise<string> {
	return (await promisify(execFile)('sqlite3', [project('n8n-data', database), sql])).stdout.trim();
}

const count = async (database = 'database.sqlite') =>
	await ask(database, 'SELECT count(*) FROM workflow_entity');

const run = async (tag: string) =>
	await follow(blocks, tag, { bin: directory.path('bin'), cwd: project(), env: environment() });

describe('the runbook of an n8n on SQLite, followed as it is written,', () => {
	it('brings everything back when everything is lost', async () => {
		await rm(project('n8n-data'), { recursive: true });
		await rm(project('.env'));
		await run('sqlite-lost');
		expect(await count()).toBe('50');
		expect(await ask('database.sqlite', 'PRAGMA integrity_check')).toBe('ok');
		expect(await readFile(project('n8n-data', 'config'), 'utf8')).toContain('of-the-test');
		expect(await readFile(project('.env'), 'utf8')).toContain('of-the-test');
	});

	it('replaces a database that is wrong, and keeps it whole, with what was not yet written into it', async () => {
		const database = new DatabaseSync(project('n8n-data', 'database.sqlite'));
		database.exec('DELETE FROM workflow_entity WHERE id > 10');
		// Killed, n8n leaves its write-ahead log behind.
		const killed = await Promise.all(
			['', '-wal'].map(
				async (part) => [part, await readFile(project('n8n-data', `database.sqlite${part}`))] as const,
			),
		);
		database.close();
		for (const [part, bytes] of killed) await writeFile(project('n8n-data', `database.sqlite${part}`), bytes);

		expect(await run('sqlite-wrong')).toContain('passed');

		expect([await count(), await count('replaced.sqlite')]).toEqual(['50', '10']);
		expect((await readdir(project('n8n-data'))).sort()).toEqual(
			expect.arrayContaining(['config', 'database.sqlite', 'replaced.sqlite']),
		);
	});

	it('asks a backup what is in it', async () => {
		expect(await run('sqlite-ask')).toContain('{"id":1,"name":"Workflow 1"}\n{"id":2,"name":"Workflow 2"}\n');
	});

	it('brings back rows that were deleted, and leaves those that are there', async () => {
		change(
			'DELETE FROM workflow_entity WHERE id > 30',
			"UPDATE workflow_entity SET name = 'newer' WHERE id = 1",
		);
		await run('sqlite-rows');
		expect(await count()).toBe('50');
		expect(await ask('database.sqlite', 'SELECT name FROM workflow_entity WHERE id < 3')).toBe(
			'newer\nWorkflow 2',
		);
	});
});
