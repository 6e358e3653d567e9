import { type PostgresServer, startPostgres } from '../../../../lab/servers/postgres';
import { temporaryDirectory } from '../../../support/temporaryDirectory';
import { backUp } from '../support/artifacts';
import { databaseNames, restore } from '../support/restoring';

jest.setTimeout(120_000);

const directory = temporaryDirectory();
let server: PostgresServer;

beforeAll(async () => {
	// Nothing that is committed gets to the disk by itself while a test lasts.
	server = await startPostgres({ settings: { synchronous_commit: 'off', wal_writer_delay: '10s' } });
	await server.createDatabase('n8n');
	await server.psql('CREATE TABLE t AS SELECT n FROM generate_series(1, 1000) AS n', { database: 'n8n' });
	await server.createDatabase('other');
	await server.query('CHECKPOINT');
});
afterAll(() => server.stop());

test.each(['new', 'replace'] as const)(
	'what was restored outlives a crash of a server that commits without waiting for its disk: %s',
	async (kind) => {
		const { path, manifest } = await backUp(server, 'n8n', directory.path());
		const target =
			kind === 'new'
				? ({ kind, database: 'restored' } as const)
				: ({ kind, database: 'other', safetyBackup: () => Promise.resolve('safe') } as const);

		await restore(server, { artifactPath: path, manifest, target });
		await server.kill();
		await server.restart();

		expect(await databaseNames(server)).toContain(target.database);
		expect(await server.query('SELECT count(*) FROM t', { database: target.database })).toEqual([
			{ count: '1000' },
		]);
	},
);
