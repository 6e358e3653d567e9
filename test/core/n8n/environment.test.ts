import { mkdir, writeFile } from 'node:fs/promises';
import {
	instanceIdOf,
	isOn,
	n8nDataFolder,
	n8nEncryptionKey,
	n8nVariable,
} from '../../../core/n8n/environment';
import { cores, NodeEngine } from '../../../lab/nodeEngine/nodeEngine';
import { temporaryDirectory } from '../../support/temporaryDirectory';

jest.setTimeout(60_000);

const directory = temporaryDirectory();

describe('n8n’s environment', () => {
	it('is read from files where variables name them, without the white space around', async () => {
		await writeFile(directory.path('secret'), ' of the file \n');
		const env = { DB_POSTGRESDB_PASSWORD_FILE: directory.path('secret') };
		expect(await n8nVariable(env, 'DB_POSTGRESDB_PASSWORD')).toBe('of the file');
		expect(await n8nVariable({ ...env, DB_POSTGRESDB_PASSWORD: '' }, 'DB_POSTGRESDB_PASSWORD')).toBe('');
		await expect(n8nVariable({ X_FILE: directory.path('none') }, 'X')).rejects.toThrow(/none/);
	});

	it('is on for what n8n takes for yes', () => {
		expect(['true', 'TRUE', '1', 'false', '0', '', undefined].map(isOn)).toEqual([
			...[true, true, true, false, false, false, false],
		]);
	});

	it('names the key, or the folder that holds it', async () => {
		const folder = directory.path('.n8n');
		const env = { N8N_USER_FOLDER: directory.path() };
		expect([n8nDataFolder(env), await n8nEncryptionKey(env)]).toEqual([folder, undefined]);
		await mkdir(folder);
		await writeFile(`${folder}/config`, '{"encryptionKey":"of the file"}');
		expect(await n8nEncryptionKey(env)).toBe('of the file');
		expect(await n8nEncryptionKey({ ...env, N8N_ENCRYPTION_KEY: 'given' })).toBe('given');
	});

	it.each(Object.keys(cores) as Array<keyof typeof cores>)(
		'leads to the instance id that the %s n8n gives itself',
		async (core) => {
			for (const [index, key] of ['of-the-test', 'x', 'fünf Zeichen mehr'].entries()) {
				await mkdir(directory.path(core, String(index)), { recursive: true });
				const engine = await NodeEngine.start({
					core,
					userFolder: directory.path(core, String(index)),
					environment: { N8N_ENCRYPTION_KEY: key },
				});
				await engine.stop();
				expect(instanceIdOf(key)).toBe(engine.instanceId);
			}
		},
	);
});
