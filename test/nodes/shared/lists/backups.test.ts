import { mkdir, symlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { listableDirectory } from '../../../../nodes/shared/lists/listableDirectory';
import { temporaryDirectory } from '../../../support/temporaryDirectory';
import { writeBackup } from '../../../support/writeBackup';
import { describeEngines, type Surroundings } from '../../support/engines';

jest.setTimeout(120_000);

const search = async (n8n: Surroundings, backupDirectory: string, filter?: string) =>
	await n8n.engine.search(
		{ node: 'postgresBackup', parameters: { operation: 'restore', backupDirectory } },
		'searchBackups',
		filter,
	);

describeEngines('the list of backups', (n8n) => {
	test('begins with the newest good one, and has all others by date', async () => {
		const root = await n8n().allowed();
		await writeBackup(root, { stamp: '20240101_020000' });
		await writeBackup(root, { stamp: '20240102_020000', prefix: 'crm', manifest: { storedBytes: 1 } });
		await writeBackup(root, { stamp: '20240103_020000', component: 'n8n', prefix: 'n8n_data' });
		expect(await search(n8n(), root)).toEqual([
			{ name: 'Newest Good Backup', value: 'newest' },
			{
				name: expect.stringMatching(/^Tue 2 Jan 2024 02:00 · crm · \d+ B · contradicted$/) as string,
				value: 'crm_20240102_020000.sql.gz',
			},
			{
				name: expect.stringMatching(/^Mon 1 Jan 2024 02:00 · n8n · \d+ B$/) as string,
				value: 'n8n_20240101_020000.sql.gz',
			},
		]);
		expect((await search(n8n(), root, 'CRM')).map(({ value }) => value)).toEqual([
			'crm_20240102_020000.sql.gz',
		]);
	});

	test.each([
		[{ operation: 'drill' }, ['n8n_data_20240101_020000.sql.gz']],
		[{ operation: 'restore', kind: 'env' }, ['env_20240101_020000.sql.gz']],
		[{ operation: 'verify' }, ['n8n_data_20240101_020000.sql.gz', 'env_20240101_020000.sql.gz']],
	])('of Volume Archive has what its operation works on: %j', async (parameters, names) => {
		const backupDirectory = await n8n().allowed();
		await writeBackup(backupDirectory, { stamp: '20240101_020000', component: 'n8n', prefix: 'n8n_data' });
		await writeBackup(backupDirectory, { stamp: '20240101_020000', component: 'env', prefix: 'env' });
		const chosen = { node: 'volumeArchive', parameters: { ...parameters, backupDirectory } };
		const [newest, ...found] = await n8n().engine.search(chosen, 'searchBackups');
		expect(newest!.value).toBe('newest');
		expect(found.map(({ value }) => value).sort()).toEqual(names.sort());
	});

	test('says what to do where the directory is not known yet, or is not there', async () => {
		await expect(search(n8n(), '')).rejects.toThrow(
			/Backup Directory is an expression that has no value yet\. Run the node before this one.*Or choose By Name/,
		);
		await expect(search(n8n(), '/nowhere/at/all')).rejects.toThrow(
			/\/nowhere\/at\/all does not exist where the editor’s n8n runs\. Correct the path.*Or choose By Name/,
		);
	});

	test('shows nothing that n8n would not let the node read', async () => {
		const [allowed, blocked] = [await n8n().allowed(), await n8n().blocked()];
		await symlink(blocked, join(allowed, 'link'));
		const places = [
			allowed,
			blocked,
			join(allowed, 'link'),
			join(allowed, '.git', 'b'),
			join(allowed, '..', '..', 'n8n'),
		];
		for (const place of places) await mkdir(place, { recursive: true });
		for (const place of [...places, '/etc', '/']) {
			const run = await n8n().engine.run({
				node: 'pruneBackups',
				parameters: { operation: 'list', backupDirectory: place },
			});
			const listed = await search(n8n(), place).then(
				() => true,
				(error: Error) => !/n8n does not allow nodes to use/.test(error.message),
			);
			expect([place, listed]).toEqual([place, run.status === 'success' && !place.includes('.git')]);
		}
	});

	test('gives up after ten seconds, and says what to do instead', async () => {
		const silent = createServer();
		await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
		const { port } = silent.address() as { port: number };
		try {
			const dockerEngineApi = { connectBy: 'tcp', host: '127.0.0.1', port };
			const chosen = {
				node: 'redisSnapshot',
				parameters: { engine: 'docker' },
				credentials: { dockerEngineApi },
			};
			await expect(n8n().engine.search(chosen, 'searchContainers')).rejects.toThrow(
				/Nothing answered within 10 seconds\. See whether it can be reached from n8n\. Or choose By Name/,
			);
		} finally {
			silent.close();
		}
	});
});

describe('where the settings are not what they usually are, a list', () => {
	const directory = temporaryDirectory();
	const ask = async (environment: NodeJS.ProcessEnv) =>
		await listableDirectory(directory.path(), environment).then(
			() => 'looks',
			(error: Error) => (/n8n does not allow/.test(error.message) ? 'refuses' : error.message),
		);
	const restricted = (path: string) => ({ N8N_RESTRICT_FILE_ACCESS_TO: path });

	test.each<[string, (path: string) => NodeJS.ProcessEnv]>([
		['looks', () => restricted('')],
		['looks', (path) => restricted(`/elsewhere; ${path} `)],
		['looks', () => restricted('/')],
		['refuses', () => ({})],
		['refuses', (path) => restricted(`${path}s`)],
		['refuses', () => ({ N8N_RESTRICT_FILE_ACCESS_TO_FILE: '/run/secrets/paths' })],
		['refuses', (path) => ({ ...restricted(path), N8N_BLOCK_FILE_PATTERNS: '^/tmp/' })],
		['refuses', (path) => ({ ...restricted(path), N8N_BLOCK_FILE_PATTERNS: '(' })],
		['refuses', (path) => ({ ...restricted(path), N8N_BLOCK_FILE_PATTERNS_FILE: '/run/secrets/patterns' })],
		['refuses', (path) => ({ ...restricted(path), N8N_BINARY_DATA_STORAGE_PATH: path })],
		['refuses', (path) => ({ ...restricted(path), N8N_CONFIG_FILES: `/etc/n8n.json,${path}` })],
	])('%s, as n8n would: case %#', async (answer, environment) => {
		expect(await ask(environment(directory.path()))).toBe(answer);
	});
});
