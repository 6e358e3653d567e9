import { writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { type PostgresServer, startPostgres } from '../../../../lab/servers/postgres';
import { temporaryDirectory } from '../../../support/temporaryDirectory';
import { backUp } from '../support/artifacts';
import { fingerprint } from '../support/dumps';
import { databaseNames, dropDatabases, restore } from '../support/restoring';

jest.setTimeout(60_000);

const directory = temporaryDirectory();
let server: PostgresServer;

beforeAll(async () => {
	server = await startPostgres();
});
afterAll(() => server.stop());
beforeEach(async () => {
	await server.createDatabase('n8n');
	await server.psql(
		`CREATE TABLE workflow_entity AS SELECT 1 AS id;
		COMMENT ON SCHEMA public IS 'ours';
		CREATE SCHEMA "Other one"; CREATE TABLE "Other one".things (id serial PRIMARY KEY, name text);
		INSERT INTO "Other one".things (name) VALUES ('a'), ('b');`,
		{ database: 'n8n' },
	);
});
afterEach(() => dropDatabases(server));

/** What the native pg_dump makes with these arguments, as an artifact without manifest. */
async function nativeDump(...args: string[]): Promise<string> {
	const path = directory.path('part.sql.gz');
	await writeFile(path, gzipSync(await server.client('pg_dump', args, { database: 'n8n' })));
	return path;
}

test('a dump of the schema public alone is restored into the one that every database has', async () => {
	const path = await nativeDump('--schema=public');

	const report = await restore(server, { artifactPath: path });

	expect(report.warnings).toEqual([]);
	await server.psql('DROP SCHEMA "Other one" CASCADE', { database: 'n8n' });
	expect(await fingerprint(server, 'restored')).toBe(await fingerprint(server, 'n8n'));
});

test('a dump of chosen tables brings the schema with it that they are in, and says so', async () => {
	const path = await nativeDump('--table="Other one".things');

	const report = await restore(server, { artifactPath: path });

	expect(report.warnings).toEqual(['The dump takes the schema "Other one" for granted; it was created.']);
	expect(report.rows).toEqual({ '"Other one".things': 2 });
	expect(
		await server.query(`INSERT INTO "Other one".things (name) VALUES ('c') RETURNING id`, {
			database: 'restored',
		}),
	).toEqual([{ id: 3 }]);
});

test('a table that the dump does not have is named with what comes nearest, and no database is made', async () => {
	const { path, manifest } = await backUp(server, 'n8n', directory.path());

	await expect(
		restore(server, { artifactPath: path, manifest, options: { tables: ['public.workflow_entiy'] } }),
	).rejects.toMatchObject({
		code: 'not-found',
		message:
			'The dump has no table public.workflow_entiy (it has public.workflow_entity). ' +
			'Write the names as the dump does, with their schema: public.workflow_entity; nothing was changed.',
	});
	await expect(
		restore(server, { artifactPath: path, manifest, options: { tables: ['things'] } }),
	).rejects.toThrow('The dump has no table things (it has "Other one".things).');
	expect(await databaseNames(server)).toEqual(['n8n']);
});
