import { existsSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { NodeEngine } from '../../../lab/nodeEngine/nodeEngine';
import { type PostgresServer, startPostgres } from '../../../lab/servers/postgres';
import { temporaryDirectory } from '../../support/temporaryDirectory';

jest.setTimeout(120_000);

const temporary = temporaryDirectory();
let server: PostgresServer;

beforeAll(async () => {
	server = await startPostgres();
	await server.psql(
		`CREATE TABLE kept (id integer PRIMARY KEY);
		CREATE TABLE referring (id integer REFERENCES kept);`,
	);
});
afterAll(() => server.stop());

/** What Back Up answers in n8n's own engine, with a backup directory that it may use. */
async function backUp(parameters: Record<string, unknown>) {
	const root = temporary.path('backups');
	await mkdir(root);
	const engine = await NodeEngine.start({
		core: 'newest',
		userFolder: temporary.path(),
		environment: { N8N_RESTRICT_FILE_ACCESS_TO: root },
	});
	try {
		const { host, port, user, password, database } = server;
		const { outputs } = await engine.run({
			node: 'postgresBackup',
			parameters: { operation: 'backUp', engine: 'built-in', backupDirectory: root, ...parameters },
			credentials: { postgres: { host, port, user, password, database, ssl: 'disable' } },
			onError: 'continueRegularOutput',
		});
		return outputs[0]!.map(({ json }) => json as { error?: string; warnings?: string[] });
	} finally {
		await engine.stop();
	}
}

test('Program Path runs nothing that lies somewhere', async () => {
	const program = temporary.path('pg_dump');
	await writeFile(program, `#!/bin/sh\ntouch ${temporary.path('trace')}\n`);
	await chmod(program, 0o755);

	const items = await backUp({ engine: 'local', pgDumpPath: program });

	expect(items).toEqual([
		expect.objectContaining({
			error: expect.stringContaining(`Program Path: nodes may not run ${program}.`) as string,
		}),
	]);
	expect(existsSync(temporary.path('trace'))).toBe(false);
});

test('Expect n8n’s Tables and Follow References are heard', async () => {
	const options = { expectN8n: true, followReferences: false, excludeTableData: 'kept' };

	const [item] = await backUp({ options });

	expect(item!.warnings).toEqual([
		expect.stringContaining('“postgres” of PostgreSQL at 127.0.0.1') as string,
		'Rows of public.referring refer to rows that are left out: their foreign keys will fail when this is restored',
	]);
});
