import { type PostgresServer, startPostgres } from '../../../lab/servers/postgres';
import { writeBackup } from '../../support/writeBackup';
import { describeEngines } from '../support/engines';

jest.setTimeout(120_000);

let server: PostgresServer;
beforeAll(async () => {
	server = await startPostgres();
	await server.createDatabase('shop');
	await server.psql(
		`CREATE SCHEMA "Odd ""name"""; CREATE TABLE "Odd ""name"""."Größe" (a int);
		CREATE TABLE item AS SELECT repeat('x', 100) AS a FROM generate_series(1, 1000); ANALYZE item`,
		{ database: 'shop' },
	);
}, 120_000);
afterAll(async () => await server.stop());

describeEngines('the editor', (n8n) => {
	const ask = async (method: string, parameters: Record<string, unknown> = {}, filter?: string) => {
		const { host, port, user, password } = server;
		const credentials = { postgres: { host, port, user, password, database: 'postgres', ssl: 'disable' } };
		const chosen = {
			node: 'postgresBackup',
			parameters: { operation: 'backUp', ...parameters },
			credentials,
		};
		return await n8n().engine.search(chosen, method, filter);
	};
	const ofShop = { databases: 'named', databaseNames: ['shop'] };
	const odd = '"Odd ""name"""';

	test('lets somebody choose databases, with their sizes', async () => {
		const size = expect.stringMatching(/^shop · \d+\.\d MB$/) as string;
		expect(await ask('getDatabases')).toEqual([
			{ name: expect.stringMatching(/^postgres · /) as string, value: 'postgres' },
			{ name: size, value: 'shop' },
		]);
		const target = { operation: 'restore', target: 'replace' };
		expect(await ask('searchDatabases', target, 'SHO')).toEqual([{ name: size, value: 'shop' }]);
	});

	test('lets somebody choose schemas and tables of the database that is backed up', async () => {
		expect(await ask('getSchemas', ofShop)).toEqual([
			{ name: `${odd} · 1 table`, value: odd },
			{ name: 'public · 1 table', value: 'public' },
		]);
		expect(await ask('getTables', ofShop)).toEqual([
			{ name: expect.stringMatching(/ · 0 B$/) as string, value: `${odd}."Größe"` },
			{
				name: expect.stringMatching(/^public\.item · about 1,000 rows · \d+\.\d kB$/) as string,
				value: 'public.item',
			},
		]);
		expect(await ask('getTables')).toEqual([]);
	});

	test('what was chosen is backed up, and so is what was typed before there were lists', async () => {
		const { host, port, user, password } = server;
		const typed = `public.it*, ${odd}.*`;
		for (const [typeVersion, tables] of [
			[2, ['public.item', `${odd}."Größe"`]],
			[2, `={{ ${JSON.stringify(typed)} }}`],
			[1, typed],
		] as const) {
			const { outputs, error } = await n8n().engine.run({
				...{ node: 'postgresBackup', typeVersion },
				credentials: { postgres: { host, port, user, password, database: 'postgres', ssl: 'disable' } },
				parameters: {
					...{ operation: 'backUp', ...ofShop, backupDirectory: await n8n().allowed(), simplify: false },
					options: { tables },
				},
			});
			expect(error).toBeUndefined();
			expect(outputs[0]![0]!.json.census).toMatchObject({
				tables: { 'public.item': 1000, [`${odd}."Größe"`]: 0 },
			});
		}
	});

	test('lets somebody choose tables of the backup, with the rows that it holds', async () => {
		const backupDirectory = await n8n().allowed();
		const census = { kind: 'postgres', tables: { 'public.item': 1000 }, rows: 1000 } as const;
		const instanceId = n8n().engine.instanceId;
		await writeBackup(backupDirectory, { stamp: '20250102_020000', manifest: { census, instanceId } });
		await writeBackup(backupDirectory, { stamp: '20250101_020000', manifest: { instanceId } });
		const restore = { operation: 'restore', backupDirectory };
		const tables = [{ name: 'public.item · 1,000 rows', value: 'public.item' }];
		expect(await ask('getTablesOfBackup', restore)).toEqual(tables);
		const artifact = (value: string) => ({ artifact: { __rl: true, mode: 'list', value } });
		expect(await ask('getTablesOfBackup', { ...restore, ...artifact('newest') })).toEqual(tables);
		expect(await ask('getTablesOfBackup', { ...restore, ...artifact('n8n_20250101_020000.sql.gz') })).toEqual(
			[],
		);
	});

	test('says what to do where the server does not answer', async () => {
		const credentials = {
			postgres: { host: '127.0.0.1', port: 1, user: 'u', database: 'd', ssl: 'disable' },
		};
		const chosen = { node: 'postgresBackup', parameters: { operation: 'backUp' }, credentials };
		await expect(n8n().engine.search(chosen, 'getTables')).rejects.toThrow(
			/127\.0\.0\.1:1.*Or switch to Expression and write the names with commas between\./,
		);
	});
});
