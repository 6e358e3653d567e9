import { execFileSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { manifestPath, newestFirst, readCatalog, readManifest } from '../../../../core/artifact';
import { drill, type DrillRequest } from '../../../../core/postgres/drill/drill';
import { type PostgresServer, startPostgres } from '../../../../lab/servers/postgres';
import { temporaryDirectory } from '../../../support/temporaryDirectory';
import { writeBackup } from '../../../support/writeBackup';
import { backUp, fixture } from '../support/artifacts';
import { connectionTo, never } from '../support/dumps';
import { databaseNames, dropDatabases, scratchDatabases, writeDump } from '../support/restoring';
import { tenMinutes } from '../support/slowDump';

jest.setTimeout(60_000);

const directory = temporaryDirectory();
const encryptionKey = 'the key of this instance';
let server: PostgresServer;

beforeAll(async () => {
	server = await startPostgres();
});
afterAll(() => server.stop());
afterEach(() => dropDatabases(server));

/** A drill of the newest dump, unless another is named. */
async function drillAll(more: Partial<DrillRequest> = {}, signal = never) {
	const request = { root: directory.path(), timeZone: 'UTC', connection: connectionTo(server) };
	const dumps = await readCatalog({ ...request, components: ['postgres'] });
	const artifactPath = more.artifactPath ?? dumps.sort(newestFirst)[0]!.path;
	return await drill({ ...request, ...more, artifactPath }, signal);
}

const resultsOf = ({ checks }: { checks: Array<{ check: string; result: string }> }) =>
	Object.fromEntries(checks.map(({ check, result }) => [check, result]));

/** A database as n8n has it, as far as a drill looks at it. */
async function createN8n({ prefix = '', credentials = 2 } = {}): Promise<void> {
	await server.createDatabase('n8n');
	const encrypted = execFileSync(
		'openssl',
		['enc', '-aes-256-cbc', '-md', 'md5', '-base64', '-A', '-pass', `pass:${encryptionKey}`],
		{ input: '{"password":"secret"}', stdio: 'pipe' },
	).toString();
	await server.psql(
		`CREATE TABLE ${prefix}workflow_entity AS SELECT 1 AS id;
		CREATE TABLE ${prefix}credentials_entity (id text, name text, data text NOT NULL, type text, "updatedAt" timestamptz);
		INSERT INTO ${prefix}credentials_entity
			SELECT n, 'mine', '${encrypted}', 'postgres', now() FROM generate_series(1, ${credentials}) n;`,
		{ database: 'n8n' },
	);
}

const writeEnv = (content: string, stamp = '20261123_020000') => writeEnvFile(`env_${stamp}.backup`, content);

async function writeEnvFile(name: string, content: string): Promise<void> {
	await mkdir(directory.path('env'), { recursive: true });
	await writeFile(directory.path('env', name), content);
}

async function writeN8nData(config: string): Promise<void> {
	const data = directory.path('data');
	await mkdir(data);
	await mkdir(directory.path('n8n'));
	await writeFile(`${data}/config`, config);
	execFileSync('tar', ['czf', directory.path('n8n', 'n8n_data_20261123_020000.tar.gz'), '-C', data, '.']);
}

test('a good backup of n8n passes every check, and its manifest says so', async () => {
	await createN8n();
	const { path } = await backUp(server, 'n8n', directory.path());
	await writeEnv(`DB_TYPE=postgresdb\nN8N_ENCRYPTION_KEY=${encryptionKey}\n`);

	const report = await drillAll();

	expect(report).toMatchObject({
		artifactPath: path,
		where: 'on-server',
		result: 'passed',
		droppedLeftOvers: [],
	});
	expect(resultsOf(report)).toEqual({
		restore: 'passed',
		sha256: 'passed',
		rows: 'passed',
		n8n: 'passed',
		credential: 'passed',
		scratch: 'passed',
	});
	expect(report.checks).toContainEqual({
		check: 'rows',
		result: 'passed',
		detail: 'All 2 tables have the 3 rows that were backed up.',
	});
	expect(report.checks).toContainEqual({
		check: 'n8n',
		result: 'passed',
		detail: 'n8n finds 1 workflow, 2 credentials.',
	});
	expect(report.checks).toContainEqual({
		check: 'credential',
		result: 'passed',
		detail: '2 of 2 stored credentials were decrypted with the key in env_20261123_020000.backup.',
	});
	expect((await readManifest(path)).drill).toMatchObject({
		result: 'passed',
		findings: expect.arrayContaining(['scratch: passed. The scratch database is gone again.']) as unknown,
	});
	expect(await readFile(manifestPath(path), 'utf8')).not.toContain(encryptionKey);
	expect(await databaseNames(server)).toEqual(['n8n']);
});

describe('the encryption key', () => {
	test('is found in an archive of n8n’s data, also for tables with a prefix', async () => {
		await createN8n({ prefix: 'mine_' });
		await backUp(server, 'n8n', directory.path());
		await writeN8nData(JSON.stringify({ encryptionKey }));

		const report = await drillAll();

		expect(report.checks).toContainEqual({
			check: 'credential',
			result: 'passed',
			detail: '2 of 2 stored credentials were decrypted with the key in n8n_data_20261123_020000.tar.gz.',
		});
	});

	test('that is the wrong one fails the drill and names where it is from', async () => {
		await createN8n();
		const { path } = await backUp(server, 'n8n', directory.path());
		await writeEnv('N8N_ENCRYPTION_KEY=another');

		const report = await drillAll();

		expect(report.result).toBe('failed');
		expect(report.checks).toContainEqual({
			check: 'credential',
			result: 'failed',
			detail:
				'No stored credential could be decrypted with the key in env_20261123_020000.backup: without the right key every credential in this backup is lost.',
		});
		expect((await readManifest(path)).drill?.result).toBe('failed');
	});

	test('that nobody backed up leaves the credentials untried, in words, and blames no dump', async () => {
		await createN8n();
		const { path } = await backUp(server, 'n8n', directory.path());
		await writeEnv('DB_TYPE=postgresdb\n');

		const report = await drillAll();

		expect(report.result).toBe('passed');
		expect(report.checks).toContainEqual({
			check: 'credential',
			result: 'unknown',
			detail:
				'The stored credentials were not tried, since no n8n or env backup holds an encryption key: without the right key every credential in this backup is lost. Back up n8n’s data folder or its .env.',
		});
		expect((await readManifest(path)).drill).toMatchObject({
			result: 'passed',
			findings: expect.arrayContaining([
				expect.stringMatching(/^credential: unknown\. The stored/),
			]) as unknown,
		});
	});

	test('cannot be proven where no credential is stored', async () => {
		await createN8n({ credentials: 0 });
		await backUp(server, 'n8n', directory.path());

		const report = await drillAll();

		expect(report.result).toBe('passed');
		expect(resultsOf(report).credential).toBe('unknown');
	});
});

test('everything that a database can hold survives a drill on a server without its roles', async () => {
	const other = await startPostgres();
	try {
		await other.createDatabase('everything');
		await other.psql(await readFile(fixture('everything.sql'), 'utf8'), { database: 'everything' });
		await backUp(other, 'everything', directory.path());
	} finally {
		await other.stop();
	}

	const report = await drillAll();

	expect(report.result).toBe('passed');
	expect(report.checks[0]!.detail).toMatch(/The server has no role "everything_owner": \d+ statements/);
	expect(resultsOf(report)).not.toHaveProperty('credential');
	expect(await databaseNames(server)).toEqual([]);
});

describe('a bad backup fails the drill', () => {
	test('when a statement is refused', async () => {
		const path = directory.path('postgres', 'n8n_20261123_020000.sql.gz');
		await mkdir(directory.path('postgres'));
		await writeDump(path, 'CREATE TABLE public.t (a nonsense);');

		const report = await drillAll();

		expect(report).toMatchObject({ artifactPath: path, result: 'failed' });
		expect(report.checks).toEqual([
			{
				check: 'restore',
				result: 'failed',
				detail: expect.stringMatching(
					/^The server refused line 15 .*type "nonsense" does not exist\.$/,
				) as unknown,
			},
		]);
		expect(await databaseNames(server)).toEqual([]);
	});

	test('when it is cut off', async () => {
		await createN8n();
		const { path } = await backUp(server, 'n8n', directory.path());
		await writeFile(path, (await readFile(path)).subarray(0, -20));

		const report = await drillAll({ artifactPath: path });

		expect(report.checks).toEqual([
			{ check: 'restore', result: 'failed', detail: `${path} ends before its compressed stream does.` },
		]);
		expect((await readManifest(path)).drill?.result).toBe('failed');
	});

	test('when rows are missing', async () => {
		const dump = await readFile(await writeDump(directory.path('x'), 'CREATE TABLE public.t (a integer);'));
		const path = await writeBackup(directory.path(), {
			stamp: '20261123_020000',
			manifest: { census: { kind: 'postgres', tables: { 'public.t': 3 }, rows: 3 } },
		});
		await writeFile(path, dump);

		const report = await drillAll({ artifactPath: path });

		expect(resultsOf(report)).toMatchObject({ restore: 'passed', sha256: 'failed', rows: 'failed' });
		expect(report.checks.find(({ check }) => check === 'rows')!.detail).toBe(
			'1 of 1 tables differ: public.t has 0 rows instead of 3.',
		);
	});
});

describe('a drill spares its server', () => {
	test('by refusing what is larger than it may be', async () => {
		await createN8n();
		await backUp(server, 'n8n', directory.path());

		await expect(drillAll({ maxRawBytes: 1000 })).rejects.toThrow(
			'The dump is larger than the 1000 bytes that are allowed here. Raise the limit',
		);
		expect(await databaseNames(server)).toEqual(['n8n']);
	});

	test('by dropping what crashed drills left, and nothing that is in use, young, or of another name', async () => {
		await createN8n();
		await backUp(server, 'n8n', directory.path());
		const leftOver = 'n8n_backup_drill_20200101t000000_abcdef';
		const inUse = 'n8n_backup_drill_20200101t000000_123456';
		const young = 'n8n_backup_drill_29990101t000000_abcdef';
		const foreign = 'n8n_backup_drill_20200101t000000_abcdef_copy';
		const leaseOver = 'n8n_backup_drill_29990101t000000_111111';
		const leased = 'n8n_backup_drill_20200101t000000_222222';
		const commented = 'n8n_backup_drill_20200101t000000_333333';
		const all = [leftOver, inUse, young, foreign, leaseOver, leased, commented];
		for (const name of all) await server.createDatabase(name);
		const lease = 'Scratch database of n8n-nodes-backup, in use until';
		await server.psql(
			`COMMENT ON DATABASE ${leaseOver} IS '${lease} 2020-01-01T00:00:00Z';
			COMMENT ON DATABASE ${leased} IS '${lease} 2999-01-01T00:00:00Z';
			COMMENT ON DATABASE ${commented} IS 'mine, keep';`,
		);
		const user = new pg.Client(server.url(inUse));
		user.on('error', () => {});
		await user.connect();

		const report = await drillAll();

		expect(report.droppedLeftOvers.sort()).toEqual([leftOver, leaseOver].sort());
		expect(await databaseNames(server)).toEqual(['n8n', inUse, foreign, young, leased, commented].sort());
		await user.end();
	});

	test('by small settings and a name in the list of sessions, and by leaving nothing when cancelled', async () => {
		const path = directory.path('postgres', 'n8n_20261123_020000.sql.gz');
		await mkdir(directory.path('postgres'));
		await writeDump(
			path,
			`CREATE TABLE public.seen (memory text DEFAULT pg_catalog.current_setting('maintenance_work_mem'),
				workers text DEFAULT pg_catalog.current_setting('max_parallel_workers_per_gather'));
			INSERT INTO public.seen DEFAULT VALUES;
			COPY public.seen FROM stdin;
\\.
			${tenMinutes}`,
		);
		const cancel = new AbortController();
		const drilling = drillAll({}, cancel.signal);
		drilling.catch(() => {});
		const sleeping = () =>
			server.query<{ name: string }>(
				`SELECT application_name AS name FROM pg_stat_activity WHERE query LIKE '%sleep(600)%' AND pid <> pg_backend_pid()`,
			);
		while ((await sleeping()).length === 0) await sleep(20);

		expect(await sleeping()).toEqual([{ name: 'n8n-nodes-backup drill' }]);
		const [scratch] = await scratchDatabases(server);
		expect(
			await server.query(
				`SELECT shobj_description(oid, 'pg_database') ~ 'in use until .*Z$' AS leased FROM pg_database WHERE datname = '${scratch}'`,
			),
		).toEqual([{ leased: true }]);
		expect(await server.query('SELECT * FROM seen', { database: scratch })).toEqual([
			{ memory: '64MB', workers: '0' },
		]);
		cancel.abort();

		await expect(drilling).rejects.toMatchObject({ code: 'cancelled' });
		expect(await databaseNames(server)).toEqual([]);
		expect(await sleeping()).toEqual([]);
	});
});

describe('a server that is in the way says nothing of the backup', () => {
	/** The drill is unknown, and the manifest as it was. */
	const expectUnknown = async (path: string, more: Partial<DrillRequest>, words: RegExp): Promise<void> => {
		const before = await readFile(manifestPath(path), 'utf8');

		const report = await drillAll({ artifactPath: path, ...more });

		expect(report).toMatchObject({ result: 'unknown', checks: [{ check: 'restore', result: 'unknown' }] });
		expect(report.obstacle?.message).toMatch(words);
		expect(await readFile(manifestPath(path), 'utf8')).toBe(before);
		expect(await scratchDatabases(server)).toEqual([]);
	};

	const n8nBackup = async () => {
		await createN8n();
		return (await backUp(server, 'n8n', directory.path())).path;
	};

	test('when nothing answers', async () => {
		const path = await n8nBackup();

		await expectUnknown(path, { connection: connectionTo(server, { port: 1 }) }, /Nothing answers at/);
	});

	test('when it is older than the one that was dumped', async () => {
		const path = await n8nBackup();
		const manifest = await readManifest(path);
		const source = { ...manifest.source, serverVersion: '99.1' };
		await writeFile(manifestPath(path), JSON.stringify({ ...manifest, source }));

		await expectUnknown(path, {}, /which is older/);
	});

	test('when its user may not create databases', async () => {
		const path = await n8nBackup();
		await server.psql(`CREATE ROLE reader LOGIN PASSWORD 'reader'`);
		const connection = connectionTo(server, { user: 'reader', password: 'reader' });

		await expectUnknown(path, { connection }, /"reader" may not create databases/);
	});

	test('when it has no connection left', async () => {
		const path = await n8nBackup();
		await server.psql(`CREATE ROLE single LOGIN CREATEDB PASSWORD 'single' CONNECTION LIMIT 0`);
		const connection = connectionTo(server, { user: 'single', password: 'single' });

		await expectUnknown(path, { connection }, /too many connections for role/);
	});

	test('when it lacks an extension', async () => {
		const dump = await writeDump(directory.path('x'), 'CREATE EXTENSION pg_cron WITH SCHEMA pg_catalog;');
		const path = await writeBackup(directory.path(), { stamp: '20261123_020000' });
		await writeFile(path, await readFile(dump));

		await expectUnknown(path, {}, /pg_cron/);
		expect(await drillAll({ artifactPath: path, withoutExtensions: ['pg_cron'] })).not.toMatchObject({
			result: 'unknown',
		});
	});

	test('when it ends the session in the middle', async () => {
		const dump = await writeDump(directory.path('x'), tenMinutes);
		const path = await writeBackup(directory.path(), { stamp: '20261123_020000' });
		await writeFile(path, await readFile(dump));
		let isOver = false;
		const kill = async () => {
			while (!isOver) {
				await server.query(
					`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%sleep(600)%' AND pid <> pg_backend_pid()`,
				);
				await sleep(50);
			}
		};
		const killing = kill();

		try {
			await expectUnknown(path, {}, /terminating connection due to administrator command/);
		} finally {
			isOver = true;
			await killing;
		}
	});
});

test('what passed has passed, also where the manifest cannot be written', async () => {
	await createN8n({ credentials: 0 });
	const { path } = await backUp(server, 'n8n', directory.path());
	execFileSync('mount', ['--bind', '-o', 'ro', directory.path('postgres'), directory.path('postgres')]);
	try {
		execFileSync('mount', ['-o', 'remount,bind,ro', directory.path('postgres')]);
		const report = await drillAll({ artifactPath: path });

		expect(report.result).toBe('passed');
		expect(report.warnings).toEqual([
			expect.stringMatching(/^The result could not be written into the manifest: .*read-only/) as unknown,
		]);
	} finally {
		execFileSync('umount', [directory.path('postgres')]);
	}
});

test('each n8n in a database is judged and named', async () => {
	await createN8n({ prefix: 'one_' });
	await server.psql(
		`CREATE SCHEMA second;
		CREATE TABLE second.credentials_entity (id text, name text, data text NOT NULL, type text, "updatedAt" timestamptz);
		INSERT INTO second.credentials_entity VALUES (1, 'x', 'encrypted with another key', 'x', now());`,
		{ database: 'n8n' },
	);
	await backUp(server, 'n8n', directory.path());
	await writeEnv(`N8N_ENCRYPTION_KEY=${encryptionKey}\n`);

	const report = await drillAll();

	expect(resultsOf(report)).toMatchObject({
		'credential of public.one_*': 'passed',
		'credential of second.*': 'failed',
	});
	expect(report.result).toBe('failed');
});
