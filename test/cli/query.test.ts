import { mkdir, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { createArtifact } from '../../core/artifact';
import type { EncryptionKeys } from '../../core/encryption';
import { archiveDirectory } from '../../core/volume/archiveDirectory';
import { copyFile } from '../../core/volume/copyFile';
import { sqlite3 } from '../core/volume/sqlite/support/processes';
import { runCommand } from '../support/runCommand';
import { temporaryDirectory } from '../support/temporaryDirectory';
import { writeBackup } from '../support/writeBackup';
import { dumpText, writeDump } from '../core/postgres/support/restoring';

jest.setTimeout(120_000);

const directory = temporaryDirectory();

async function archived(encryption?: EncryptionKeys): Promise<string> {
	for (const name of ['backups', 'data']) await mkdir(directory.path(name));
	sqlite3(
		directory.path('data', 'database.sqlite'),
		`CREATE TABLE t (id, name); INSERT INTO t VALUES (1, 'plain'), (2, 'a "b", c' || char(10) || 'd'), (3, NULL);`,
	);
	const request = {
		...{ root: directory.path('backups'), component: 'n8n' as const, prefix: 'n8n_data', extension: 'tar' },
		...{ compression: { method: 'gzip' as const }, timeZone: 'utc', step: 'archiving', encryption },
	};
	const source = archiveDirectory({ directory: directory.path('data') });
	return (await createArtifact(request, source, new AbortController().signal)).path;
}

const query = async (...args: string[]) =>
	await runCommand(['query', '-d', directory.path('backups'), ...args]);

const all = ['--sql', 'SELECT id, name FROM t ORDER BY id'];

describe('n8n-backup query', () => {
	it('writes a row a line as JSON where no person reads it', async () => {
		await archived();
		const { exitCode, stdout, stderr } = await query('newest', ...all);
		expect([exitCode, stderr]).toEqual([0, '']);
		expect(
			stdout
				.trimEnd()
				.split('\n')
				.map((line) => JSON.parse(line) as unknown),
		).toEqual([
			{ id: 1, name: 'plain' },
			{ id: 2, name: 'a "b", c\nd' },
			{ id: 3, name: null },
		]);
	});

	it('writes tables and CSV', async () => {
		const path = await archived();
		expect((await query(basename(path), ...all, '--format', 'table')).stdout).toBe(
			'id  name\n1   plain\n2   a "b", c\\x0ad\n3\n',
		);
		expect((await query(path, ...all, '--format', 'csv')).stdout).toBe(
			'id,name\n1,plain\n2,"a ""b"", c\nd"\n3,\n',
		);
	});

	it('tells an empty text from nothing in CSV, as PostgreSQL reads it', async () => {
		await archived();
		const { stdout } = await query('--sql', `SELECT '' AS a, NULL AS b`, '--format', 'csv');
		expect(stdout).toBe('a,b\n"",\n');
	});

	it('says on stderr that there are more rows than the limit', async () => {
		await archived();
		const { exitCode, stdout, stderr } = await query(...all, '--limit', '1');
		expect({ exitCode, stdout, stderr }).toEqual({
			exitCode: 0,
			stdout: '{"id":1,"name":"plain"}\n',
			stderr: '! There are more rows than the 1 that are here. Raise the limit, or ask for fewer.\n',
		});
	});

	it('gives programs one document with --json', async () => {
		const path = await archived();
		const { stdout } = await query(...all, '--json');
		expect(JSON.parse(stdout)).toMatchObject({
			...{ artifactPath: path, database: 'database.sqlite', columns: ['id', 'name'], isCut: false },
			rows: [{ id: 1 }, { id: 2 }, { id: 3 }],
		});
	});

	it('writes what a terminal would obey as an escape that JSON reads as the same', async () => {
		await archived();
		const { stdout } = await query('--sql', `SELECT char(155) || char(8238) AS a`);
		expect(stdout).toBe('{"a":"\\u009b\\u202e"}\n');
		expect(JSON.parse(stdout)).toEqual({ a: '\u009b\u202e' });
	});

	it('ends with 2 for a query that makes no sense, with the reason', async () => {
		await archived();
		const { exitCode, stdout, stderr } = await query('--sql', 'SELECT * FROM nowhere');
		expect([exitCode, stdout]).toEqual([2, '']);
		expect(stderr).toBe('✗ SQLite says of the query: no such table: nowhere.\n  Correct the query.\n');
	});

	it('takes a dump where there is one, and the archive with --archives', async () => {
		await archived();
		const dump = await writeBackup(directory.path('backups'), { stamp: '20260101_020000' });
		await writeDump(dump, 'CREATE TABLE public.t (id int);\nCOPY public.t (id) FROM stdin;\n42\n\\.\n');
		const sql = ['--sql', 'SELECT id FROM t LIMIT 1'];
		expect((await query(dump, ...sql)).stdout).toBe('{"id":42}\n');
		expect((await query(...sql, '--archives')).stdout).toBe('{"id":1}\n');
	});

	it('reads what is encrypted with the identity of a file, and without it says what is missing', async () => {
		const identity = await generateIdentity();
		const path = await archived({ recipients: [await identityToRecipient(identity)] });
		expect(path).toMatch(/\.age$/);
		await writeFile(directory.path('key.txt'), `${identity}\n`);

		const { exitCode, stdout } = await query(path, ...all, '--identity', directory.path('key.txt'));
		expect([exitCode, stdout.split('\n')[0]]).toEqual([0, '{"id":1,"name":"plain"}']);
		const locked = await query(path, ...all);
		expect(locked.exitCode).toBe(1);
		expect(locked.stderr).toMatch(/is encrypted, and there is no key to read it with/);
	});

	it('reads an encrypted dump likewise', async () => {
		await mkdir(directory.path('backups'));
		const identity = await generateIdentity();
		const dump = dumpText('CREATE TABLE public.t (id int);\nCOPY public.t (id) FROM stdin;\n42\n\\.\n');
		await writeFile(directory.path('plain.sql'), dump);
		const { path } = await createArtifact(
			{
				...{ root: directory.path('backups'), component: 'postgres', prefix: 'n8n', extension: 'sql' },
				...{ compression: { method: 'gzip' }, timeZone: 'utc', step: 'dumping' },
				encryption: { recipients: [await identityToRecipient(identity)] },
			},
			copyFile({ path: directory.path('plain.sql') }),
			new AbortController().signal,
		);
		await writeFile(directory.path('key.txt'), `${identity}\n`);
		const { stdout } = await query(
			path,
			'--sql',
			'SELECT id FROM t',
			'--identity',
			directory.path('key.txt'),
		);
		expect(stdout).toBe('{"id":42}\n');
	});

	it('refuses what has no tables', async () => {
		await archived();
		const redis = await writeBackup(directory.path('backups'), {
			...{ stamp: '20260101_020000', component: 'redis', prefix: 'dump' },
		});
		const { exitCode, stderr } = await query(basename(redis), ...all);
		expect(exitCode).toBe(2);
		expect(stderr).toMatch(/is a backup of redis, which has no tables/);
	});
});
