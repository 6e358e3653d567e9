import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { startS3rver, type S3Server } from '../../lab/servers/s3rver';
import { type SftpServer, startSftp } from '../../lab/servers/sftp';
import { startWebdav, type WebdavServer } from '../../lab/servers/webdav';
import { makeBackups } from '../support/makeBackups';
import { runCommand } from '../support/runCommand';
import { temporaryDirectory } from '../support/temporaryDirectory';
import { writeBackup } from '../support/writeBackup';

const directory = temporaryDirectory();
const here = () => directory.path('backups');

interface Reached {
	at: string;
	env: NodeJS.ProcessEnv;
	/** The same with a secret that is wrong. */
	wrong: NodeJS.ProcessEnv;
	/** A place at the same server that is not there. */
	gone: string;
}

let s3: S3Server;
let sftp: SftpServer;
let webdav: WebdavServer;
const places: Record<string, () => Reached> = {
	s3: () => {
		const env = { AWS_ENDPOINT_URL: s3.endpoint, AWS_SECRET_ACCESS_KEY: s3.secretAccessKey };
		return {
			at: `s3://${s3.bucket}/of/n8n`,
			env: { ...env, AWS_ACCESS_KEY_ID: s3.accessKeyId },
			// s3rver looks at the access key alone.
			wrong: { ...env, AWS_ACCESS_KEY_ID: 'NOBODY', AWS_SECRET_ACCESS_KEY: 'wrong-secret' },
			gone: 's3://not-there',
		};
	},
	webdav: () => ({
		at: `webdav://${webdav.user}@127.0.0.1:${webdav.port}/`,
		env: { N8N_BACKUP_WEBDAV_PASSWORD: webdav.password },
		wrong: { N8N_BACKUP_WEBDAV_PASSWORD: 'wrong-secret' },
		gone: `webdav://${webdav.user}@127.0.0.1:${webdav.port}/not-there`,
	}),
	sftp: () => ({
		at: `sftp://${sftp.user}@127.0.0.1:${sftp.port}${sftp.directory}`,
		env: { N8N_BACKUP_SFTP_KEY_FILE: sftp.privateKeyFile },
		wrong: { N8N_BACKUP_SFTP_PASSWORD: 'wrong-secret' },
		gone: `sftp://${sftp.user}@127.0.0.1:${sftp.port}${sftp.directory}/not-there`,
	}),
};

beforeAll(async () => {
	[s3, sftp, webdav] = await Promise.all([startS3rver(), startSftp(), startWebdav()]);
}, 60_000);
afterAll(async () => {
	await Promise.all([s3.stop(), sftp.stop(), webdav.stop()]);
});
beforeEach(async () => await mkdir(here(), { mode: 0o700 }));

describe.each(Object.keys(places))('n8n-backup at %s', (kind) => {
	const run = async (command: string, at: string, env: NodeJS.ProcessEnv, ...args: string[]) =>
		await runCommand([command, '-d', here(), '--at', at, '--time-zone', 'utc', ...args], { env });

	it('copies, lists, verifies, loses everything here, and fetches it back whole', async () => {
		const { at, env } = places[kind]!();
		const made = Object.values(await makeBackups(here()));
		const copied = await run('copy', at, env, '--read-back');
		expect(copied).toMatchObject({ exitCode: 0, stderr: '' });
		expect(copied.stdout).toContain('Copied 4 backups; 0 were there already.');
		expect((await run('copy', at, env)).stdout).toContain('Copied 0 backups; 4 were there already.');
		expect((await run('verify', at, env)).stdout).toContain('4 of 4 copies passed.');
		const before = await readFile(made[0]!.path);
		await rm(here(), { recursive: true });
		await mkdir(here(), { mode: 0o700 });
		expect(await run('fetch', at, env)).toMatchObject({ exitCode: 0 });
		expect(await readFile(made[0]!.path)).toEqual(before);
		const verified = await runCommand(['verify', '-d', here(), '--all']);
		expect(verified.stdout).toContain('4 of 4 backups passed.');
		await writeBackup(here(), { stamp: '20200101_000000', prefix: 'postgres' });
		await run('copy', at, env);
		const pruned = await run('prune', at, env, '--keep-days', '0', '--keep-last', '1');
		expect(pruned.stdout).toMatch(/^deleted +postgres\/postgres_20200101_000000\.sql\.gz/m);
		expect((await run('list', at, env)).stdout).not.toContain('20200101');
	}, 60_000);

	it('refuses wrong credentials with what to do, and shows no secret anywhere', async () => {
		const { at, wrong } = places[kind]!();
		await writeBackup(here(), { stamp: '20250101_020000' });
		const { exitCode, stdout, stderr } = await run('copy', at, wrong);
		expect(exitCode).toBe(1);
		expect(stderr).toMatch(/did not accept the access key|refused the user/);
		expect(`${stdout}${stderr}`).not.toContain('wrong-secret');
		expect(await readdir(directory.path('backups', 'postgres'))).toHaveLength(2);
	});

	it('says of a place that is not there that it is not, and makes none', async () => {
		const { gone, env } = places[kind]!();
		await writeBackup(here(), { stamp: '20250101_020000' });
		for (const attempt of ['first', 'second']) {
			const { exitCode, stderr } = await run('copy', gone, env);
			expect([attempt, exitCode]).toEqual([attempt, 1]);
			expect(stderr).toMatch(/has no such bucket|does not exist/);
		}
	});

	it('asks for the secret in the environment where it is not set', async () => {
		const { at } = places[kind]!();
		const { exitCode, stderr } = await run('list', at, {});
		expect(exitCode).toBe(2);
		expect(stderr).toMatch(/_(ACCESS_KEY_ID|PASSWORD) is not set\./);
	});
});

describe('The host key of an SFTP server', () => {
	it('is shown and kept on the first use, and another one is refused from then on', async () => {
		const server = await startSftp();
		try {
			const at = `sftp://${server.user}@127.0.0.1:${server.port}${server.directory}`;
			const env = { N8N_BACKUP_SFTP_KEY_FILE: server.privateKeyFile };
			const list = async () => await runCommand(['list', '-d', here(), '--at', at], { env });
			expect((await list()).stdout).toContain(
				`The host key of 127.0.0.1:${server.port} is ${server.fingerprint}`,
			);
			expect((await list()).stdout).not.toContain('SHA256:');
			await server.replaceHostKey();
			const { exitCode, stderr } = await list();
			expect(exitCode).toBe(1);
			expect(stderr).toContain(`where ${server.fingerprint} was expected.`);
		} finally {
			await server.stop();
		}
	}, 60_000);
});
