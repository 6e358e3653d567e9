import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Artifact, createArtifact, readManifest } from '../../../../core/artifact';
import { archiveDirectory } from '../../../../core/volume/archiveDirectory';
import { type ArchiveDrillRequest, drillArchive } from '../../../../core/volume/drill/drillArchive';
import { runCommand } from '../../../support/runCommand';
import { encrypted } from '../../../support/n8nCredential';
import { temporaryDirectory } from '../../../support/temporaryDirectory';
import { writeBackup } from '../../../support/writeBackup';
import { sqlite3 } from '../sqlite/support/processes';

const directory = temporaryDirectory();
const never = new AbortController().signal;
const key = 'the-key-of-this-n8n';
const database = () => directory.path('data', 'database.sqlite');

async function archive(compression: 'gzip' | 'none' = 'gzip'): Promise<Artifact> {
	const request = {
		root: directory.path('backups'),
		component: 'n8n' as const,
		prefix: 'n8n_data',
		extension: 'tar',
		compression: { method: compression },
		timeZone: 'utc',
		step: 'archiving',
	};
	return await createArtifact(request, archiveDirectory({ directory: directory.path('data') }), never);
}

async function drill({ path }: Artifact, more: Partial<ArchiveDrillRequest> = {}) {
	const root = directory.path('backups');
	const report = await drillArchive({ root, timeZone: 'utc', artifactPath: path, ...more }, never);
	const found = Object.fromEntries(report.checks.map(({ check, result }) => [check, result]));
	return { ...report, found };
}

const all = {
	sha256: 'passed',
	integrity: 'passed',
	'foreign keys': 'passed',
	rows: 'passed',
	credential: 'passed',
};

describe('drilling an archive of n8n’s data folder', () => {
	beforeEach(async () => {
		await mkdir(directory.path('data'));
		await mkdir(directory.path('backups'));
		await writeFile(directory.path('data', 'config'), JSON.stringify({ encryptionKey: key }));
		sqlite3(
			database(),
			`CREATE TABLE workflow_entity (id TEXT PRIMARY KEY, name TEXT);
			CREATE TABLE credentials_entity (id TEXT, data TEXT, type TEXT, "updatedAt" TEXT);
			CREATE TABLE execution_entity (id INTEGER, "workflowId" TEXT REFERENCES workflow_entity (id));
			INSERT INTO workflow_entity SELECT value, 'workflow' FROM generate_series(1, 300);
			INSERT INTO execution_entity SELECT value, 1 + value % 300 FROM generate_series(1, 5000);
			INSERT INTO credentials_entity VALUES ('a', '${encrypted('{"user":"me"}', key)}', 'x', '2026-11-25');`,
		);
	});

	it('opens its database, and finds pages, references, rows and credentials as they were', async () => {
		const made = await archive();
		const report = await drill(made);
		expect(report.found).toEqual(all);
		expect(report.result).toBe('passed');
		expect(report.checks.find(({ check }) => check === 'credential')?.detail).toBe(
			`1 of 1 stored credentials were decrypted with the key in ${made.manifest.artifact}.`,
		);
		expect((await readManifest(made.path)).drill).toMatchObject({ result: 'passed' });
		expect(await readdir(directory.path('backups'))).toEqual(['n8n']);
	});

	it('fails by rows that refer to nothing, as SQLite’s own command line finds them', async () => {
		sqlite3(database(), "INSERT INTO execution_entity VALUES (9999, 'gone')");
		const { found, result, checks } = await drill(await archive());
		expect({ result, found }).toEqual({ result: 'failed', found: { ...all, 'foreign keys': 'failed' } });
		expect(checks.find(({ check }) => check === 'foreign keys')?.detail).toBe(
			'1 rows of execution_entity refer to no row of workflow_entity.',
		);
		expect(sqlite3(database(), 'PRAGMA foreign_key_check')).toMatch(
			/^execution_entity\|\d+\|workflow_entity/,
		);
	});

	it('fails by an index that lacks its rows, which the quick check of a backup does not see', async () => {
		sqlite3(
			database(),
			`CREATE INDEX by_name ON workflow_entity (name); PRAGMA writable_schema = ON;
			UPDATE sqlite_schema SET sql = 'CREATE INDEX by_name ON workflow_entity (id)' WHERE name = 'by_name';`,
		);
		const { found, result, checks } = await drill(await archive());
		expect({ result, found }).toEqual({ result: 'failed', found: { ...all, integrity: 'failed' } });
		const detail = checks.find(({ check }) => check === 'integrity')?.detail;
		expect(detail).toContain('missing from index by_name');
		expect(sqlite3(database(), 'PRAGMA integrity_check')).toContain('missing from index by_name');
	});

	it('fails by a row that is not there any more, and names the table', async () => {
		const made = await archive('none');
		const { census } = made.manifest;
		if (census.kind !== 'tar') throw new Error('an archive has another census');
		const databases = census.databases?.map(({ tables, ...one }) => ({
			...one,
			tables: { ...tables, workflow_entity: 301 },
		}));
		await writeFile(
			`${made.path}.manifest.json`,
			JSON.stringify({ ...made.manifest, census: { ...census, databases } }),
		);
		const { found, checks, result } = await drill(made);
		expect({ result, found }).toEqual({ result: 'failed', found: { ...all, rows: 'failed' } });
		expect(checks.find(({ check }) => check === 'rows')?.detail).toBe(
			'workflow_entity has 300 where 301 was counted.',
		);
	});

	it('leaves the credentials untried where no backup has the key, and passes with that of a copied .env', async () => {
		await rm(directory.path('data', 'config'));
		const made = await archive();
		expect((await drill(made)).found).toEqual({ ...all, credential: 'unknown' });
		const env = await writeBackup(directory.path('backups'), { stamp: '20261101_020000', component: 'env' });
		await rm(env);
		await rm(`${env}.manifest.json`);
		const name = join(directory.path('backups', 'env'), 'env_20261101_020000.backup');
		await writeFile(name, `N8N_ENCRYPTION_KEY=${key}\n`);
		expect((await drill(made)).found).toEqual(all);
	});

	it('takes no database that is over the limit, blames nobody, and writes nothing down', async () => {
		const made = await archive();
		const report = await drill(made, { maxBytes: 1000 });
		expect(report.result).toBe('unknown');
		expect(report.obstacle?.what).toBe('Its databases have more than the 1000 bytes that a drill takes.');
		expect((await readManifest(made.path)).drill).toBeUndefined();
	});

	it('blames nobody for an archive without a database', async () => {
		await rm(database());
		const report = await drill(await archive());
		expect(report).toMatchObject({ result: 'unknown', obstacle: { code: 'unsupported' } });
	});

	it('is what the command does where there is no dump', async () => {
		const { path } = await archive();
		const { exitCode, stdout } = await runCommand(['drill', '-d', directory.path('backups')]);
		expect(exitCode).toBe(0);
		expect(stdout).toContain(`✓ ${path}: passed in `);
		expect(stdout).toMatch(/^ ✓ +rows +All 3 tables have the 5301 rows that were archived\.$/m);
	});
});
