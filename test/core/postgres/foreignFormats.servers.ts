import { execFileSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { drill } from '../../../core/postgres/drill/drill';
import { verifyPostgresArtifact } from '../../../core/postgres/verifyPostgres';
import { type PostgresServer, startPostgres } from '../../../lab/servers/postgres';
import { temporaryDirectory } from '../../support/temporaryDirectory';
import { connectionTo, never } from './support/dumps';
import { databaseNames, restore } from './support/restoring';

jest.setTimeout(60_000);

const directory = temporaryDirectory();
let server: PostgresServer;

beforeAll(async () => {
	server = await startPostgres({ major: 15 });
	await server.createDatabase('n8n');
	await server.psql(
		`CREATE TABLE t AS SELECT 'ä' AS a; CREATE ROLE clerk PASSWORD 'clerk'; CREATE ROLE manager;
		GRANT manager TO clerk`,
		{ database: 'n8n' },
	);
});
afterAll(() => server.stop());

const native = async (...args: string[]) => server.client('pg_dump', args, { database: 'n8n' });

/** What other programs leave under the name of a dump in plain SQL, and what is said of it. */
const foreign: Array<[name: string, make: () => Promise<Buffer>, said: string, advice: string]> = [
	[
		'pg_dump’s custom format',
		() => native('-Fc'),
		'The file is a dump in pg_dump’s custom format, not in plain SQL.',
		'Restore it with pg_restore.',
	],
	[
		'pg_dump’s tar format',
		() => native('-Ft'),
		'The file is a dump in pg_dump’s tar format, not in plain SQL.',
		'Restore it with pg_restore.',
	],
	[
		'another tar',
		async () => {
			await writeFile(directory.path('n8n.sql'), await native());
			return execFileSync('tar', ['-c', '-C', directory.path(), 'n8n.sql']);
		},
		'The file is a tar archive, not SQL.',
		'Extract it first.',
	],
	[
		'gzip',
		async () => gzipSync(await native()),
		'The file is compressed with gzip, though its name does not say so.',
		'Give it a name that ends in .sql.gz.',
	],
	[
		'zstd',
		async () => zstdCompressSync(await native()),
		'The file is compressed with zstd, though its name does not say so.',
		'Give it a name that ends in .sql.zst.',
	],
	[
		'xz',
		async () => execFileSync('xz', ['-c'], { input: await native() }),
		'The file is compressed with xz.',
		'Decompress it first.',
	],
	[
		'UTF-16 with a mark',
		async () => Buffer.from(`\uFEFF${(await native()).toString()}`, 'utf16le'),
		'The file is text in UTF-16, as some programs on Windows save it (PowerShell’s > among them).',
		'Convert it: iconv -f UTF-16 -t UTF-8.',
	],
	[
		'UTF-16 without a mark',
		async () => Buffer.from((await native()).toString(), 'utf16le').swap16(),
		'The file is text in UTF-16, as some programs on Windows save it (PowerShell’s > among them).',
		'Convert it: iconv -f UTF-16 -t UTF-8.',
	],
	[
		'UTF-8 with a mark',
		async () => Buffer.from(`\uFEFF${(await native()).toString()}`),
		'The file begins with a byte-order mark: an editor has saved it anew.',
		'Take the mark out (sed -i "1s/^\\xEF\\xBB\\xBF//"), or use another backup.',
	],
];

test.each(foreign)('%s under the name .sql is told apart', async (_name, make, said, advice) => {
	const path = directory.path('n8n_20261123_020000.sql');
	await writeFile(path, await make());

	const { result, checks } = await verifyPostgresArtifact({ path }, never);
	expect(result).toBe('failed');
	expect(checks).toContainEqual({ check: 'content', result: 'failed', detail: said });

	await expect(restore(server, { artifactPath: path })).rejects.toMatchObject({
		code: 'damaged',
		message: `${said} ${advice}`,
	});
	expect(await databaseNames(server)).toEqual(['n8n']);
});

test('the advice for a byte-order mark helps', async () => {
	const path = directory.path('n8n_20261123_020000.sql');
	await writeFile(path, Buffer.from(`\uFEFF${(await native()).toString()}`));
	execFileSync('sed', ['-i', '1s/^\\xEF\\xBB\\xBF//', path]);
	expect(await verifyPostgresArtifact({ path }, never)).toMatchObject({ result: 'passed' });
});

test('pg_dump’s directory format is told apart', async () => {
	const path = directory.path('n8n_20261123_020000.sql');
	await native('-Fd', '-f', path);
	const error = {
		code: 'damaged',
		message: `${path} is a dump in pg_dump’s directory format, not in plain SQL. Restore it with pg_restore.`,
	};
	await expect(restore(server, { artifactPath: path })).rejects.toMatchObject(error);
	await expect(verifyPostgresArtifact({ path }, never)).rejects.toMatchObject(error);
});

describe('roles and tablespaces', () => {
	const globals = async (...args: string[]) => {
		await mkdir(directory.path('postgres'));
		const path = directory.path('postgres', 'globals_20261123_020000.sql');
		await writeFile(path, await server.client('pg_dumpall', args));
		return path;
	};
	const refusal = {
		code: 'bad-parameter',
		message:
			'The backup holds roles and tablespaces of a whole server (globals), not one database. Apply it with psql as a superuser, before the databases are restored: gzip -dc FILE | psql --dbname postgres (zstd -dc for .zst).',
	};

	test.each([[['--globals-only']], [[]], [['--roles-only']]])(
		'by pg_dumpall %j are refused before anything is created, also by a drill',
		async (args) => {
			const path = await globals(...args);
			await expect(restore(server, { artifactPath: path })).rejects.toMatchObject(refusal);
			const request = {
				root: directory.path(),
				timeZone: 'UTC',
				artifactPath: path,
				connection: connectionTo(server),
			};
			await expect(drill(request, never)).rejects.toMatchObject(refusal);
			expect(await databaseNames(server)).toEqual(['n8n']);
		},
	);

	test('are called by their name when they are verified', async () => {
		const { result, checks } = await verifyPostgresArtifact({ path: await globals('--globals-only') }, never);
		expect(result).toBe('passed');
		expect(checks).toContainEqual({
			check: 'content',
			result: 'passed',
			detail:
				'The dump is complete, down to pg_dumpall’s last line. It holds the roles and tablespaces of a server: psql applies it, Restore does not.',
		});
	});

	test('come back by the psql of the advice', async () => {
		const path = await globals('--globals-only');
		const other = await startPostgres({ major: 15 });
		await other.client('psql', ['-q'], { input: await readFile(path) });
		expect(
			await other.query(
				`SELECT m.rolname AS member FROM pg_auth_members JOIN pg_roles m ON m.oid = member
				JOIN pg_roles r ON r.oid = roleid WHERE r.rolname = 'manager'`,
			),
		).toEqual([{ member: 'clerk' }]);
		await other.stop();
	});
});
