import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { openDestination } from '../../core/offsite';
import { textContent } from '../../core/offsite/content';
import { type SftpServer, startSftp } from '../../lab/servers/sftp';
import { startSwift, type SwiftServer } from '../../lab/servers/swift';
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
	/** Puts another file of the same size in the place of one that is there. */
	spoil(name: string): Promise<void>;
}

let s3: SwiftServer;
let sftp: SftpServer;
let webdav: WebdavServer;
let count = 0;
/** Each of them is a new place, which is there and empty. */
const places: Record<string, () => Promise<Reached>> = {
	async s3() {
		const { endpoint, bucket, accessKeyId, secretAccessKey } = s3;
		const env = { AWS_ENDPOINT_URL: endpoint, AWS_ACCESS_KEY_ID: accessKeyId };
		const prefix = `of/n8n/${++count}`;
		const options = { kind: 's3' as const, bucket, prefix, endpoint, forcePathStyle: true };
		const keys = { region: 'us-east-1', accessKeyId, secretAccessKey };
		return await Promise.resolve({
			at: `s3://${bucket}/${prefix}`,
			env: { ...env, AWS_SECRET_ACCESS_KEY: secretAccessKey },
			wrong: { ...env, AWS_SECRET_ACCESS_KEY: 'wrong-secret' },
			gone: 's3://not-there',
			async spoil(name: string) {
				const { signal } = new AbortController();
				await using destination = await openDestination({ ...options, ...keys }, signal);
				const { bytes } = (await destination.head(name, signal))!;
				await destination.delete(name, signal);
				await destination.put(name, textContent('x'.repeat(bytes)), signal);
			},
		});
	},
	async webdav() {
		const path = `${++count}`;
		const files = join(webdav.directory, path);
		await mkdir(files);
		await chmod(files, 0o777);
		const root = `webdav://${webdav.user}@127.0.0.1:${webdav.port}`;
		return {
			at: `${root}/${path}`,
			env: { N8N_BACKUP_WEBDAV_PASSWORD: webdav.password },
			wrong: { N8N_BACKUP_WEBDAV_PASSWORD: 'wrong-secret' },
			gone: `${root}/not-there`,
			spoil: spoilIn(files),
		};
	},
	async sftp() {
		const files = join(sftp.directory, `${++count}`);
		await mkdir(files);
		const root = `sftp://${sftp.user}@127.0.0.1:${sftp.port}`;
		return {
			at: `${root}${files}`,
			env: { N8N_BACKUP_SFTP_KEY_FILE: sftp.privateKeyFile },
			wrong: { N8N_BACKUP_SFTP_PASSWORD: 'wrong-secret' },
			gone: `${root}${sftp.directory}/not-there`,
			spoil: spoilIn(files),
		};
	},
};

function spoilIn(files: string): Reached['spoil'] {
	return async (name) => {
		const { size } = await stat(join(files, name));
		await writeFile(join(files, name), 'x'.repeat(size));
	};
}

beforeAll(async () => {
	[s3, sftp, webdav] = await Promise.all([startSwift(), startSftp(), startWebdav()]);
}, 240_000);
afterAll(async () => {
	await Promise.all([s3.stop(), sftp.stop(), webdav.stop()]);
});
beforeEach(async () => await mkdir(here(), { mode: 0o700 }));

describe.each(Object.keys(places))('n8n-backup at %s', (kind) => {
	const run = async (command: string, at: string, env: NodeJS.ProcessEnv, ...args: string[]) =>
		await runCommand([command, '-d', here(), '--at', at, '--time-zone', 'utc', ...args], { env });

	it('copies, lists, verifies, loses everything here, and fetches it back whole', async () => {
		const { at, env } = await places[kind]!();
		const made = Object.values(await makeBackups(here()));
		const copied = await run('copy', at, env, '--read-back');
		expect(copied.exitCode).toBe(0);
		// Of the two that hold the key, and of nothing else.
		expect(copied.stderr).toMatch(
			/^(?:! \S+ holds n8n’s encryption key and leaves the machine unencrypted: .*\n){2}$/,
		);
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
	}, 240_000);

	it('restores from there on a machine that has nothing but an empty directory', async () => {
		const { at, env } = await places[kind]!();
		const made = await makeBackups(here());
		await run('copy', at, env);
		await rm(here(), { recursive: true });
		await mkdir(here(), { mode: 0o700 });
		const restore = async (component: string, ...args: string[]) => {
			const command = ['restore', component, '-d', here(), '--time-zone', 'utc', ...args, '--at', at];
			return await runCommand(command, { env });
		};
		const envFile = directory.path('restored.env');
		const restored = await restore('file', 'newest', '--to', envFile);
		expect(restored).toMatchObject({ exitCode: 0, stderr: '' });
		expect(restored.stdout).toContain(`${made.env.path}: fetched`);
		expect(await readFile(envFile, 'utf8')).toBe('N8N_ENCRYPTION_KEY=of-the-test\n');
		const data = directory.path('restored-data');
		expect(await restore('volume', basename(made.n8n.path), '--to', data)).toMatchObject({
			exitCode: 0,
			stderr: '',
		});
		expect(await readFile(join(data, 'config'), 'utf8')).toBe('{"encryptionKey":"of-the-test"}');
		const again = await restore('file', 'newest', '--to', envFile, '--overwrite');
		expect(again.stdout).toContain(`${made.env.path}: already here`);
		const drilled = await runCommand(['drill', '-d', here(), '--at', at], { env });
		expect(drilled).toMatchObject({ exitCode: 0, stderr: '' });
		expect(drilled.stdout).toContain(`✓ ${made.postgres.path}: passed`);
	}, 240_000);

	it('restores nothing of a copy that is not what its manifest says, and keeps nothing of it', async () => {
		const { at, env, spoil } = await places[kind]!();
		const { path } = (await makeBackups(here())).env;
		await run('copy', at, env);
		await rm(here(), { recursive: true });
		await mkdir(here(), { mode: 0o700 });
		await spoil(`env/${basename(path)}`);
		const to = directory.path('restored.env');
		const { exitCode, stderr } = await runCommand(
			['restore', 'file', 'newest', '-d', here(), '--time-zone', 'utc', '--to', to, '--at', at],
			{ env },
		);
		expect(exitCode).toBe(3);
		expect(stderr).toContain(
			`/env/${basename(path)} is not what its manifest says.\n  Fetch another backup; nothing of this one was kept.\n`,
		);
		expect(await readdir(directory.path())).not.toContain('restored.env');
		expect(await readdir(directory.path('backups', 'env'))).toEqual([]);
	}, 240_000);

	it('refuses wrong credentials with what to do, and shows no secret anywhere', async () => {
		const { at, wrong } = await places[kind]!();
		await writeBackup(here(), { stamp: '20250101_020000' });
		const { exitCode, stdout, stderr } = await run('copy', at, wrong);
		expect(exitCode).toBe(1);
		expect(stderr).toMatch(/did not accept the access key|refused the user/);
		expect(`${stdout}${stderr}`).not.toContain('wrong-secret');
		expect(await readdir(directory.path('backups', 'postgres'))).toHaveLength(2);
	});

	it('says of a place that is not there that it is not, and makes none', async () => {
		const { gone, env } = await places[kind]!();
		await writeBackup(here(), { stamp: '20250101_020000' });
		for (const attempt of ['first', 'second']) {
			const { exitCode, stderr } = await run('copy', gone, env);
			expect([attempt, exitCode]).toEqual([attempt, 1]);
			expect(stderr).toMatch(/has no such bucket|does not exist/);
		}
	});

	it('asks for the secret in the environment where it is not set', async () => {
		const { at } = await places[kind]!();
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
	}, 240_000);
});

describe('n8n-backup prune where the place keeps what it has', () => {
	it('says that it is locked, which is no error, and forgets nothing here', async () => {
		const { at, env } = await places.s3!();
		for (const stamp of ['20200101_000000', '20200102_000000']) await writeBackup(here(), { stamp });
		const { accessKeyId, secretAccessKey } = s3.reader;
		const readOnly = { ...env, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
		const run = async (command: string[], keys: NodeJS.ProcessEnv) =>
			await runCommand([...command, '-d', here(), '--at', at, '--time-zone', 'utc'], { env: keys });
		const prune = ['prune', '--keep-days', '0', '--keep-last', '1'];
		expect((await run(['copy'], env)).exitCode).toBe(0);

		const kept = await run(prune, readOnly);

		expect([kept.exitCode, kept.stderr]).toEqual([0, '']);
		expect(kept.stdout).toMatch(/^locked there +postgres\/n8n_20200101_000000\.sql\.gz/m);
		expect(kept.stdout).toMatch(/^Deleted 0 backups, 0 B\.$/m);
		expect((await run(['copy'], env)).stdout).toContain('Copied 0 backups; 2 were there already.');
		expect((await run(prune, env)).stdout).toMatch(/^deleted +postgres\/n8n_20200101_000000\.sql\.gz/m);
	});
});
