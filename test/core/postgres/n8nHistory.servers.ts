import { createArtifact, readManifest } from '../../../core/artifact';
import { builtInDump } from '../../../core/postgres/dump/builtIn/builtInDump';
import { restoreDump } from '../../../core/postgres/restore/restoreDump';
import type { RestoreTarget } from '../../../core/postgres/restore/request';
import { type PostgresServer, startPostgres } from '../../../lab/servers/postgres';
import { temporaryDirectory } from '../../support/temporaryDirectory';
import { connectionTo, engines, never, readDump, requestFor } from './support/dumps';
import { dropDatabases } from './support/restoring';

jest.setTimeout(60_000);

const directory = temporaryDirectory();
let server: PostgresServer;

beforeAll(async () => {
	server = await startPostgres();
}, 60_000);
afterAll(() => server.stop());
afterEach(() => dropDatabases(server));

const migrations = ['InitialMigration1587669153312', 'UniqueNames1620824779533', 'AddUser1646992772331'];

/** The part of n8n's tables that tells of it, as TypeORM makes them. */
async function makeN8n(database: string, { prefix = '', schema = 'public', count = 3, version = '' } = {}) {
	const table = (name: string) => `"${schema}"."${prefix}${name}"`;
	const rows = migrations.slice(0, count).map((name, index) => `(${index}, '${name}')`);
	await server.psql(
		`CREATE SCHEMA IF NOT EXISTS "${schema}";
		CREATE TABLE ${table('workflow_entity')} (id int);
		CREATE TABLE ${table('credentials_entity')} (id int, data text, type text, "updatedAt" timestamptz);
		CREATE TABLE ${table('migrations')} (id serial PRIMARY KEY, timestamp bigint NOT NULL, name varchar NOT NULL);
		INSERT INTO ${table('migrations')} (timestamp, name) VALUES ${rows.join()};`,
		{ database },
	);
	if (version === '') return;
	await server.psql(
		`CREATE TABLE ${table('instance_version_history')} (id serial, major int, minor int, patch int);
		INSERT INTO ${table('instance_version_history')} (major, minor, patch)
		VALUES (2, 15, 0), (${version.replaceAll('.', ',')})`,
		{ database },
	);
}

const dumpedHistory = async (engine: keyof typeof engines) =>
	(await readDump(engines[engine]!(connectionTo(server), requestFor('n8n')))).facts.source.n8n;

describe('a dump of n8n’s database', () => {
	it.each(Object.keys(engines))('says its last migration and the n8n that used it, by %s', async (engine) => {
		await server.createDatabase('n8n');
		await makeN8n('n8n', { version: '2.40.7' });
		const last = await server.psql('SELECT name FROM migrations ORDER BY id DESC LIMIT 1', {
			database: 'n8n',
		});
		expect(await dumpedHistory(engine)).toEqual({ version: '2.40.7', lastMigration: last, migrations: 3 });
	});

	it('finds them with a prefix, in another schema, and without a history of versions', async () => {
		await server.createDatabase('n8n');
		await makeN8n('n8n', { prefix: 'x_', schema: 'Auto mation' });
		expect(await dumpedHistory('built-in')).toEqual({ lastMigration: migrations[2], migrations: 3 });
	});

	it('says nothing of what is not known: no n8n, several, no migrations', async () => {
		await server.createDatabase('n8n');
		expect(await dumpedHistory('built-in')).toBeUndefined();
		await makeN8n('n8n', { count: 3 });
		await makeN8n('n8n', { prefix: 'second_' });
		expect(await dumpedHistory('built-in')).toBeUndefined();
		await server.psql('DROP TABLE second_workflow_entity; DELETE FROM migrations', { database: 'n8n' });
		expect(await dumpedHistory('built-in')).toBeUndefined();
	});
});

describe('a restore for an older n8n', () => {
	const backUp = async (n8nVersion?: string) => {
		const { path } = await createArtifact(
			{
				...{ root: directory.path(), component: 'postgres', prefix: 'n8n', extension: 'sql' },
				...{ compression: { method: 'gzip' }, timeZone: 'utc', step: 'test', n8nVersion },
			} as const,
			builtInDump(connectionTo(server), requestFor('n8n')),
			never,
		);
		return path;
	};
	const restore = async (artifactPath: string, target: RestoreTarget, n8nVersion?: string) => {
		const manifest = await readManifest(artifactPath);
		const connection = connectionTo(server);
		return (await restoreDump({ artifactPath, manifest, connection, target, n8nVersion }, never)).warnings;
	};
	const replace: RestoreTarget = {
		kind: 'replace',
		database: 'n8n',
		safetyBackup: async () => await Promise.resolve('none'),
	};

	it('warns where the replaced database had not been migrated as far', async () => {
		await server.createDatabase('n8n');
		await makeN8n('n8n', { version: '2.40.7' });
		const path = await backUp();
		await server.psql('DELETE FROM migrations WHERE id > 1', { database: 'n8n' });
		expect(await restore(path, replace)).toEqual([
			`The backup has 2 migrations of n8n’s that the replaced database lacks, the last of them ${migrations[2]}: the n8n that used it is older than the one that was backed up. Use n8n 2.40.7 or newer.`,
		]);
	});

	it.each([
		['was as far', 'SELECT 1'],
		['was farther', `INSERT INTO migrations (timestamp, name) VALUES (9, 'Newer9')`],
		['says nothing', 'DROP TABLE migrations'],
		['is no n8n’s', 'DROP TABLE credentials_entity'],
	])('warns of nothing where the replaced database %s', async (_, change) => {
		await server.createDatabase('n8n');
		await makeN8n('n8n', { count: 2 });
		const path = await backUp();
		await server.psql(change, { database: 'n8n' });
		expect(await restore(path, replace)).toEqual([]);
	});

	it('warns by the version that is going to use it, also in a new database', async () => {
		await server.createDatabase('n8n');
		await makeN8n('n8n', { version: '2.40.7' });
		const path = await backUp();
		const target = (database: string): RestoreTarget => ({ kind: 'new', database });
		expect(await restore(path, target('a'), '2.39.9')).toEqual([
			'The backup is of n8n 2.40.7, and n8n 2.39.9 is to use it, which is older: it does not know what a newer one made of the database, and does not undo it. Use n8n 2.40.7 or newer.',
		]);
		expect(await restore(path, target('b'), '2.40.7')).toEqual([]);
		expect(await restore(path, target('c'))).toEqual([]);
	});

	it('takes the n8n that made the backup for the one that used the database, where that is not written down', async () => {
		await server.createDatabase('n8n');
		await makeN8n('n8n');
		const path = await backUp('2.2.0');
		expect((await readManifest(path)).n8nVersion).toBe('2.2.0');
		expect(await restore(path, { kind: 'new', database: 'a' }, '2.1.1')).toHaveLength(1);
	});
});
