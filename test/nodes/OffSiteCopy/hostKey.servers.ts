import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type SftpServer, startSftp } from '../../../lab/servers/sftp';
import { writeBackup } from '../../support/writeBackup';
import { describeEngines } from '../support/engines';

jest.setTimeout(120_000);

describeEngines('the host key of an SFTP server', (n8n) => {
	let server: SftpServer;
	beforeEach(async () => (server = await startSftp()));
	afterEach(async () => await server.stop());

	it('is shown and kept on first use; another one is refused, and nothing is sent, until a person takes the old one out', async () => {
		const root = await n8n().allowed();
		await writeBackup(root, { stamp: '20250101_020000' });
		await mkdir(join(server.directory, 'n8n'));
		const { host, port, user: username, privateKey } = server;
		const copy = async () =>
			await n8n().engine.run({
				node: 'offSiteCopy',
				parameters: {
					...{ operation: 'copy', backupDirectory: root },
					...{ destination: 'sftp', path: join(server.directory, 'n8n') },
				},
				credentials: { sftp: { host, port, username, privateKey, password: '', passphrase: '' } },
			});
		const shown = (run: Awaited<ReturnType<typeof copy>>) => run.hints?.map(({ message }) => message) ?? [];
		const keys = join(root, '.offsite-host-keys.json');
		// As ssh-keygen says it.
		const first = server.fingerprint;

		const firstRun = await copy();
		expect(firstRun).toMatchObject({ status: 'success', outputs: [[{ json: { outcome: 'copied' } }]] });
		expect(shown(firstRun)).toContain(`The host key of ${host}:${port} is ${first}. It is kept from now on.`);
		expect(JSON.parse(await readFile(keys, 'utf8'))).toEqual({ [`${host}:${port}`]: first });
		expect(shown(await copy()).filter((message) => message.includes('host key'))).toEqual([]);

		await writeBackup(root, { stamp: '20250102_020000' });
		await server.replaceHostKey();
		const refused = await copy();
		expect(refused).toMatchObject({
			status: 'error',
			error: {
				message: expect.stringMatching(
					new RegExp(
						`^The host key of the SFTP server ${host}:${port} is SHA256:\\S+ where SHA256:\\S+ was expected`,
					),
				) as string,
				description: expect.stringContaining('take the old key out of .offsite-host-keys.json') as string,
			},
		});
		expect(refused.error!.message).toContain(`where ${first} was expected`);
		expect(JSON.parse(await readFile(keys, 'utf8'))).toEqual({ [`${host}:${port}`]: first });

		await rm(keys);
		expect(await copy()).toMatchObject({
			status: 'success',
			outputs: [[{ json: { outcome: 'copied' } }, { json: { outcome: 'already there' } }]],
		});
	});
});
