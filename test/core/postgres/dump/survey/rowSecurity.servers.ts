import type { DumpRequest } from '../../../../../core/postgres/dump/dumpRequest';
import { type PostgresServer, startPostgres } from '../../../../../lab/servers/postgres';
import { connectionTo, engines, readDump, requestFor } from '../../support/dumps';

jest.setTimeout(60_000);

let server: PostgresServer;
beforeAll(async () => {
	server = await startPostgres();
	await server.psql(
		`CREATE ROLE clerk LOGIN PASSWORD 'secret'; CREATE ROLE reader LOGIN PASSWORD 'secret';
		CREATE ROLE watcher LOGIN PASSWORD 'secret' BYPASSRLS;
		GRANT pg_read_all_data TO reader, watcher;
		CREATE DATABASE n8n OWNER clerk`,
	);
	await server.psql(
		`SET ROLE clerk; CREATE SCHEMA work;
		CREATE TABLE work.own AS SELECT generate_series(1, 9) AS a;
		CREATE TABLE work.forced AS SELECT generate_series(1, 9) AS a;
		ALTER TABLE work.own ENABLE ROW LEVEL SECURITY; CREATE POLICY few ON work.own USING (a < 3);
		ALTER TABLE work.forced ENABLE ROW LEVEL SECURITY; CREATE POLICY few ON work.forced USING (a < 3);
		ALTER TABLE work.forced FORCE ROW LEVEL SECURITY`,
		{ database: 'n8n' },
	);
});
afterAll(() => server.stop());

describe.each(Object.keys(engines))('by the engine %s', (engine) => {
	const dump = async (user: string, request: Partial<DumpRequest> = {}) =>
		await readDump(
			engines[engine]!(connectionTo(server, { user, password: 'secret' }), requestFor('n8n', request)),
		);

	test.each([
		['clerk', 'the owner, where it is forced', 'work.forced'],
		['reader', 'who may read everything', 'work.own, work.forced'],
	])('row security stops %s, %s, with the tables and the way out', async (user, _who, tables) => {
		await expect(dump(user)).rejects.toMatchObject({
			code: 'not-permitted',
			message: `Row security hides rows from “${user}” in “n8n”: ${tables}. Connect as a superuser or as a role with BYPASSRLS (rights to read, as those of pg_read_all_data, are not enough), or exclude the data of these tables.`,
		});
	});

	test('each of these ways leads out', async () => {
		const whole = { tables: { 'work.own': 9, 'work.forced': 9 } };
		expect((await dump('watcher')).facts.census).toMatchObject(whole);
		const selection = { excludeTableData: ['work.forced'] };
		expect((await dump('clerk', { selection })).facts.census).toMatchObject({ tables: { 'work.own': 9 } });
	});
});
