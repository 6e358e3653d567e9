import { mkdtemp, chmod, chown, readFile, stat, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { readManifest } from '../../../../core/artifact';
import { type PostgresServer, startPostgres } from '../../../../lab/servers/postgres';
import { temporaryDirectory } from '../../../support/temporaryDirectory';
import { writeBackup } from '../../../support/writeBackup';
import { backUp } from '../support/artifacts';
import { connectionTo } from '../support/dumps';
import { databaseNames, dropDatabases, restore, writeDump } from '../support/restoring';

jest.setTimeout(60_000);

const directory = temporaryDirectory();
let server: PostgresServer;

beforeAll(async () => {
	server = await startPostgres();
	await server.psql(`CREATE ROLE humble LOGIN CREATEDB PASSWORD 'humble'`);
});
afterAll(() => server.stop());
afterEach(() => dropDatabases(server));

const humble = () => connectionTo(server, { user: 'humble', password: 'humble' });
const asDumped = { owners: { kind: 'connecting-user' } } as const;

/** A folder of the server's user for a tablespace. */
async function tablespaceFolder(): Promise<string> {
	const path = await mkdtemp(join(tmpdir(), 'tablespace-'));
	const { uid, gid } = await stat(server.dataDir);
	await chown(path, uid, gid);
	await chmod(path, 0o700);
	return path;
}

test('what was in a tablespace that the server does not have goes into the database’s own', async () => {
	const folder = await tablespaceFolder();
	await server.psql(`CREATE TABLESPACE "fast disk" LOCATION '${folder}'`);
	await server.createDatabase('n8n');
	await server.psql(
		'CREATE TABLE a (n integer PRIMARY KEY) TABLESPACE "fast disk"; INSERT INTO a VALUES (1)',
		{
			database: 'n8n',
		},
	);
	const { path, manifest } = await backUp(server, 'n8n', directory.path());
	await dropDatabases(server);
	await server.psql('DROP TABLESPACE "fast disk"');
	await rm(folder, { recursive: true });

	const report = await restore(server, { artifactPath: path, manifest });

	expect(report.warnings).toEqual([
		'The server has no tablespace "fast disk": what was in it is in the database’s own now.',
	]);
	expect(await server.query('SELECT n FROM a', { database: 'restored' })).toEqual([{ n: 1 }]);
});

test('event triggers and publications that the user may not make are left out and named', async () => {
	await server.createDatabase('n8n');
	await server.psql(
		`CREATE TABLE a AS SELECT 1 AS n;
		CREATE FUNCTION watch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
		CREATE EVENT TRIGGER watching ON ddl_command_end EXECUTE FUNCTION watch();
		ALTER EVENT TRIGGER watching DISABLE;
		COMMENT ON EVENT TRIGGER watching IS 'x';
		CREATE PUBLICATION "every thing" FOR ALL TABLES;`,
		{ database: 'n8n' },
	);
	const { path, manifest } = await backUp(server, 'n8n', directory.path());

	const report = await restore(server, {
		artifactPath: path,
		manifest,
		connection: humble(),
		options: asDumped,
	});

	expect(report.warnings).toEqual(
		expect.arrayContaining([
			'The user may not make the event trigger watching: it was left out.',
			'The user may not make the publication "every thing": it was left out.',
		]) as unknown,
	);
	expect(report.comparison?.differences).toEqual([]);
});

describe('an extension that only one database can have', () => {
	const sql = `CREATE EXTENSION IF NOT EXISTS pg_cron WITH SCHEMA pg_catalog;
COMMENT ON EXTENSION pg_cron IS 'Job scheduler';
CREATE TABLE public.a (n integer);
COPY cron.job (jobid) FROM stdin;
1
\\.
COPY public.a (n) FROM stdin;
1
2
\\.
SELECT pg_catalog.setval('cron.jobid_seq', 1, true);
GRANT SELECT ON TABLE cron.job TO PUBLIC;`;

	test('fails the restore with the way out', async () => {
		const artifactPath = await writeDump(directory.path('n8n.sql.gz'), sql);

		await expect(restore(server, { artifactPath })).rejects.toThrow(
			/Install the extension pg_cron on the server, .*or leave it out \(--without-extension, Without Extensions\)\.$/,
		);
	});

	test('is left out with all that is said about it, where that is wanted', async () => {
		const artifactPath = await writeDump(directory.path('n8n.sql.gz'), sql);

		const report = await restore(server, { artifactPath, options: { withoutExtensions: ['pg_cron'] } });

		expect(report.rows).toEqual({ 'public.a': 2 });
		expect(report.warnings).toEqual([
			'The extension pg_cron was left out, as was asked for.',
			'The rows of cron.job were left out: nothing in the dump makes that table.',
		]);
		expect(await server.query('SELECT count(*)::int AS n FROM a', { database: 'restored' })).toEqual([
			{ n: 2 },
		]);
	});

	test('is not missed when rows are compared with those that were counted', async () => {
		const dump = gunzipSync(await readFile(await writeDump(directory.path('n8n.sql.gz'), sql))).toString();
		const census = { kind: 'postgres', tables: { 'cron.job': 1, 'public.a': 2 }, rows: 3 } as const;
		const artifactPath = await writeBackup(directory.path(), {
			stamp: '20261123_020000',
			content: dump,
			manifest: { census },
		});
		const manifest = await readManifest(artifactPath);
		const options = { withoutExtensions: ['pg_cron'] };

		const report = await restore(server, { artifactPath, manifest, options });

		expect(report.comparison).toEqual({ tables: 1, rows: 2, differences: [] });
	});
});

describe('an index and a view that need a search path', () => {
	beforeEach(async () => {
		await server.createDatabase('n8n');
		await server.psql(
			`CREATE FUNCTION helper(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT upper($1)';
			CREATE FUNCTION shout(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN helper($1); END';
			CREATE TABLE a (name text);
			INSERT INTO a VALUES ('x');
			CREATE INDEX loud ON a (shout(name));
			COMMENT ON INDEX loud IS 'x';
			CREATE MATERIALIZED VIEW louder AS SELECT shout(name) FROM a;`,
			{ database: 'n8n' },
		);
	});

	test('fail the restore: the error has the server’s context and says what helps', async () => {
		const { path, manifest } = await backUp(server, 'n8n', directory.path());

		await expect(restore(server, { artifactPath: path, manifest })).rejects.toThrow(
			/ function helper\(text\) does not exist\. HINT: No function matches .* CONTEXT: PL\/pgSQL function public\.shout\(text\) line 1 .*\. That function finds its tables and functions by a search path, .*SET search_path.*--skip-failed-indexes/,
		);
		expect(await databaseNames(server)).toEqual(['n8n']);
	});

	test('become warnings where that is wanted', async () => {
		const { path, manifest } = await backUp(server, 'n8n', directory.path());

		const report = await restore(server, {
			artifactPath: path,
			manifest,
			options: { skipFailedIndexes: true },
		});

		expect(report.warnings).toEqual(
			[
				expect.stringMatching(/^The index loud could not be built: function helper\(text\) does not exist\./),
				expect.stringMatching(/^The materialised view public\.louder could not be built: /),
			].map((matcher): unknown => matcher),
		);
		expect(await server.query('SELECT name FROM a', { database: 'restored' })).toEqual([{ name: 'x' }]);
	});
});

test('rows that break a unique key are shown with what the server says of them', async () => {
	const artifactPath = await writeDump(
		directory.path('n8n.sql.gz'),
		'CREATE TABLE public.a (n integer);\nCOPY public.a (n) FROM stdin;\n7\n7\n\\.\n\nCREATE UNIQUE INDEX one ON public.a USING btree (n);',
	);

	await expect(restore(server, { artifactPath })).rejects.toThrow(
		'could not create unique index "one". DETAIL: Key (n)=(7) is duplicated.',
	);
});

test('an index that the server has no room for fails the restore, whatever may be skipped', async () => {
	const artifactPath = await writeDump(
		directory.path('n8n.sql.gz'),
		`CREATE TABLE public.a AS SELECT pg_catalog.md5(n::text) AS text FROM pg_catalog.generate_series(1, 100000) AS n;
CREATE INDEX large ON public.a USING btree (text);`,
	);
	const settings = {
		work_mem: '64MB',
		maintenance_work_mem: '1MB',
		max_parallel_maintenance_workers: '0',
		temp_file_limit: '64kB',
	};

	await expect(
		restore(server, { artifactPath, options: { skipFailedIndexes: true, settings } }),
	).rejects.toThrow(/CREATE INDEX large .*temporary file size exceeds temp_file_limit.* Free space/);
	expect(await databaseNames(server)).toEqual([]);
});
