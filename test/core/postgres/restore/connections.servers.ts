import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { drill } from '../../../../core/postgres/drill/drill';
import { type PostgresServer, startPostgres } from '../../../../lab/servers/postgres';
import { eventually } from '../../../../lab/eventually';
import { temporaryDirectory } from '../../../support/temporaryDirectory';
import { connectionTo, never } from '../support/dumps';
import { databaseNames, dropDatabases, restore, writeDump } from '../support/restoring';

jest.setTimeout(60_000);

const directory = temporaryDirectory();
let server: PostgresServer;
let artifactPath: string;

beforeAll(async () => {
	server = await startPostgres({
		settings: {
			log_connections: 'on',
			logging_collector: 'on',
			log_directory: 'log',
			log_filename: 'server.log',
		},
	});
});
afterAll(() => server.stop());
beforeEach(async () => {
	artifactPath = await writeDump(
		directory.path('n8n_20261123_020000.sql.gz'),
		'CREATE TABLE public.t (id integer);\nCOPY public.t (id) FROM stdin;\n1\n\\.\n',
	);
});
afterEach(() => dropDatabases(server));

/** The databases that were connected to meanwhile, in the words of the server's log, one a connection. */
async function connectionsOf(work: () => Promise<unknown>): Promise<string[]> {
	const log = join(server.dataDir, 'log', 'server.log');
	const before = (await readFile(log)).length;
	await work();
	const written = (await readFile(log)).subarray(before).toString();
	return [...written.matchAll(/connection authorized: .* database=(\S+) application_name=n8n-nodes-backup/g)]
		.map(([, database]) => database!.replace(/\d{8}t\d{6}_[0-9a-f]{6}/, 'MOMENT'))
		.sort();
}

const replacing = (safetyBackup: () => Promise<unknown>) =>
	({
		kind: 'replace',
		database: 'n8n',
		safetyBackup: async () => {
			await safetyBackup();
			return 'safe';
		},
	}) as const;

test('a restore asks everything in one session and loads in another', async () => {
	const connections = await connectionsOf(() => restore(server, { artifactPath }));

	// The one that would end sessions in the way is not needed, so it may or may not come to be.
	expect(connections.slice(0, 2)).toEqual(['n8n_backup_restore_MOMENT', 'postgres']);
	expect(connections.length).toBeLessThanOrEqual(3);
});

test('a replacement of a database that is in use ends its sessions by a third one', async () => {
	await server.createDatabase('n8n');
	const user = new pg.Client({ ...server, database: 'n8n' });
	user.on('error', () => {});
	await user.connect();

	const connections = await connectionsOf(() =>
		restore(server, { artifactPath, target: replacing(async () => {}) }),
	);

	expect(connections).toEqual(['n8n_backup_restore_MOMENT', 'postgres', 'postgres']);
});

test('a drill asks everything in one session and loads in another', async () => {
	const connections = await connectionsOf(async () => {
		const request = {
			root: directory.path(),
			timeZone: 'UTC',
			artifactPath,
			connection: connectionTo(server),
		};
		expect((await drill(request, never)).result).toBe('passed');
	});

	expect(connections).toEqual(['n8n_backup_drill_MOMENT', 'postgres']);
});

test('a session that the server ended while nothing was asked is opened again', async () => {
	await server.createDatabase('n8n');
	const ours = `FROM pg_stat_activity WHERE datname = 'postgres' AND application_name = 'n8n-nodes-backup'`;
	const endSessions = async () => {
		expect(await server.query(`SELECT pg_terminate_backend(pid) ${ours}`)).toHaveLength(1);
		await eventually(async () => expect(await server.query(`SELECT ${ours}`)).toEqual([]));
	};

	const report = await restore(server, { artifactPath, target: replacing(endSessions) });

	expect(await databaseNames(server)).toEqual(['n8n', report.replacedDatabase]);
});

test('nobody is kept from creating databases by a restore that works from template1', async () => {
	await server.createDatabase('n8n');
	const connection = connectionTo(server, { database: 'template1' });
	const target = replacing(() => server.query('CREATE DATABASE other'));

	const report = await restore(server, { artifactPath, connection, target });

	expect(await databaseNames(server)).toEqual(['n8n', report.replacedDatabase, 'other']);
});
