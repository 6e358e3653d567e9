import { execFileSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { manifestPath, readManifest } from '../../../../core/artifact';
import { drill, type DrillReport } from '../../../../core/postgres/drill/drill';
import { type PostgresServer, startPostgres } from '../../../../lab/servers/postgres';
import { temporaryDirectory } from '../../../support/temporaryDirectory';
import { backUp, fixture } from '../support/artifacts';
import { never } from '../support/dumps';
import { dropDatabases } from '../support/restoring';

jest.setTimeout(240_000);

const directory = temporaryDirectory();
const encryptionKey = 'the key of this instance';
let server: PostgresServer;

beforeAll(async () => {
	server = await startPostgres();
});
afterAll(() => server.stop());
afterEach(() => dropDatabases(server));

const drillInside = (artifactPath: string) =>
	drill({ root: directory.path(), timeZone: 'UTC', artifactPath }, never);

const resultsOf = ({ checks }: DrillReport) =>
	Object.fromEntries(checks.map(({ check, result }) => [check, result]));

const detailOf = ({ checks }: DrillReport, name: string) =>
	checks.find(({ check }) => check === name)?.detail;

async function createN8n(): Promise<void> {
	await server.createDatabase('n8n');
	const encrypted = execFileSync(
		'openssl',
		['enc', '-aes-256-cbc', '-md', 'md5', '-base64', '-A', '-pass', `pass:${encryptionKey}`],
		{ input: '{"password":"secret"}', stdio: 'pipe' },
	).toString();
	await server.psql(
		`CREATE TABLE workflow_entity AS SELECT n AS id FROM generate_series(1, 3) n;
		CREATE TABLE "user" AS SELECT 1 AS id;
		CREATE TABLE project AS SELECT n AS id FROM generate_series(1, 2) n;
		CREATE TABLE migrations (id serial PRIMARY KEY, timestamp bigint NOT NULL, name varchar NOT NULL);
		INSERT INTO migrations (timestamp, name) VALUES (2, 'TheNewest2'), (1, 'TheOldest1');
		CREATE TABLE credentials_entity (id text PRIMARY KEY, name text, data text NOT NULL, type text, "updatedAt" timestamptz);
		INSERT INTO credentials_entity SELECT n, 'mine', '${encrypted}', 'postgres', now() FROM generate_series(1, 2) n;`,
		{ database: 'n8n' },
	);
	await mkdir(directory.path('env'), { recursive: true });
	await writeFile(
		directory.path('env', 'env_20261123_020000.backup'),
		`N8N_ENCRYPTION_KEY=${encryptionKey}\n`,
	);
}

test('a good backup of n8n passes every check without any server, and its manifest says so', async () => {
	await createN8n();
	const { path } = await backUp(server, 'n8n', directory.path());

	const report = await drillInside(path);

	expect(report).toMatchObject({ artifactPath: path, where: 'inside-n8n', result: 'passed', warnings: [] });
	expect(resultsOf(report)).toEqual({
		restore: 'passed',
		sha256: 'passed',
		rows: 'passed',
		n8n: 'passed',
		credential: 'passed',
		structure: 'passed',
	});
	expect(detailOf(report, 'rows')).toBe('All 5 tables have the 10 rows that were backed up.');
	expect(detailOf(report, 'n8n')).toBe(
		'n8n finds 3 workflows, 2 credentials, 1 user, 2 projects. Its newest migration is TheNewest2.',
	);
	expect(detailOf(report, 'credential')).toBe(
		'2 of 2 stored credentials were decrypted with the key in env_20261123_020000.backup.',
	);
	expect(detailOf(report, 'structure')).toBe('amcheck looked at 5 tables and 2 B-trees and found no fault.');
	expect((await readManifest(path)).drill).toMatchObject({ result: 'passed' });
	expect(await readFile(manifestPath(path), 'utf8')).not.toContain(encryptionKey);
});

test('everything that a database can hold is restored, with its owners, grants and policies', async () => {
	await server.createDatabase('everything');
	await server.psql(await readFile(fixture('everything.sql'), 'utf8'), { database: 'everything' });
	const { path } = await backUp(server, 'everything', directory.path());

	const report = await drillInside(path);

	expect(report.obstacle?.message).toBeUndefined();
	expect(report.checks.filter(({ result }) => result !== 'passed')).toEqual([]);
	expect(detailOf(report, 'restore')).not.toMatch(/role/);
});
