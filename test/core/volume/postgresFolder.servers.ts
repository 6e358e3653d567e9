import { execFileSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { startPostgres, type PostgresServer } from '../../../lab/servers/postgres.ts';
import { temporaryDirectory } from '../../support/temporaryDirectory';
import { packInto } from './support/pack';

jest.setTimeout(120_000);

describe('The data folder of a PostgreSQL server', () => {
	const scratch = temporaryDirectory();
	let server: PostgresServer;

	beforeAll(async () => {
		server = await startPostgres();
	});
	afterAll(async () => {
		await server?.stop();
	});

	const warning =
		'is the data folder of a PostgreSQL server that was running (it holds postmaster.pid): files copied while the server ' +
		'writes are no backup of its databases and may not start. Back them up with the Postgres Backup node, or have the ' +
		'server’s container stopped while the volume is archived.';

	it('that runs is archived with a warning that it is no backup, wherever in the tree it lies', async () => {
		const alone = await packInto(scratch.path('alone.tar'), { directory: server.dataDir });
		expect(alone.facts.warnings).toEqual([`The archived directory ${warning}`]);
		const above = await packInto(scratch.path('above.tar'), { directory: join(server.dataDir, '..') });
		expect(above.facts.warnings).toEqual([`data ${warning}`]);
	});

	it('that was shut down is archived without one', async () => {
		const copy = scratch.path('copy');
		cpSync(server.dataDir, copy, { recursive: true });
		execFileSync('rm', [join(copy, 'postmaster.pid')]);
		const { facts } = await packInto(scratch.path('copy.tar'), { directory: copy });
		expect(facts.warnings).toEqual([]);
	});
});
