import { mkdir } from 'node:fs/promises';
import { NodeEngine } from '../../lab/nodeEngine/nodeEngine';
import { type PostgresServer, startPostgres } from '../../lab/servers/postgres';
import { temporaryDirectory } from '../support/temporaryDirectory';

jest.setTimeout(120_000);

const temporary = temporaryDirectory();
let server: PostgresServer;

beforeAll(async () => {
	server = await startPostgres();
	await server.psql(
		'CREATE DATABASE crm; CREATE DATABASE broken; CREATE DATABASE n8n_backup_drill_20260101t000000_abcdef',
	);
	// As an interrupted DROP DATABASE leaves it.
	await server.psql(`UPDATE pg_database SET datconnlimit = -2 WHERE datname = 'broken'`);
});
afterAll(() => server.stop());

it('All on the Server makes an item of each database; the first names those that were skipped, and why', async () => {
	const root = temporary.path('backups');
	await mkdir(root);
	const engine = await NodeEngine.start({
		core: 'newest',
		userFolder: temporary.path(),
		environment: { N8N_RESTRICT_FILE_ACCESS_TO: root },
	});
	try {
		const { host, port, user, password, database } = server;
		const { status, outputs } = await engine.run({
			node: 'postgresBackup',
			parameters: { operation: 'backUp', engine: 'built-in', databases: 'all', backupDirectory: root },
			credentials: { postgres: { host, port, user, password, database, ssl: 'disable' } },
		});
		expect(status).toBe('success');
		const items = outputs[0]!.map(({ json }) => json as { database: string; warnings?: string[] });
		const skipped = (text: string) => /was skipped/.test(text);
		expect(items.map(({ database: name, warnings = [] }) => [name, warnings.filter(skipped)])).toEqual([
			[
				'crm',
				[
					'“broken” was skipped: an interrupted DROP DATABASE left it invalid; drop it',
					'“n8n_backup_drill_20260101t000000_abcdef” was skipped: it is the scratch database of a drill or a restore',
				],
			],
			['postgres', []],
		]);
	} finally {
		await engine.stop();
	}
});
