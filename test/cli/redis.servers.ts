import { readFile, writeFile } from 'node:fs/promises';
import { type Artifact, createArtifact, readManifest } from '../../core/artifact';
import { builtInSnapshot } from '../../core/redis/snapshot/builtInSnapshot';
import { startRedis, type RedisServer } from '../../lab/servers/redis';
import { command } from '../../lab/command';
import { temporaryDirectory } from '../support/temporaryDirectory';

jest.setTimeout(60_000);

const password = 'a password that nobody else has';
const directory = temporaryDirectory();
let server: RedisServer;
let artifact: Artifact;

beforeAll(async () => {
	server = await startRedis({ password });
}, 60_000);
afterAll(() => server.stop());

beforeEach(async () => {
	await server.cli('FLUSHALL');
	await server.cli('MSET', 'bull:jobs:id', '7', 'bull:jobs:1', '{}');
	artifact = await createArtifact(
		{
			root: directory.path(),
			component: 'redis',
			prefix: 'dump',
			extension: 'rdb',
			compression: { method: 'none' },
			timeZone: 'utc',
			step: 'test',
		},
		builtInSnapshot({ host: server.host, port: server.port, password }),
		new AbortController().signal,
	);
	await server.cli('FLUSHALL');
	await server.cli('SET', 'newer', 'than the backup');
});

const restore = async (...args: string[]) =>
	await command(
		['restore', 'redis', 'newest', '--host', server.host, '--port', String(server.port), ...args],
		{ REDISCLI_AUTH: password, N8N_BACKUP_DIRECTORY: directory.path() },
	);

describe('n8n-backup restore redis', () => {
	it('puts the newest snapshot in place of what the server holds, which is saved first', async () => {
		const { exitCode, stdout, stderr } = await restore('--yes');
		expect([exitCode, stderr]).toEqual([0, '']);
		expect(stdout).toMatch(/✓ Redis at 127\.0\.0\.1:\d+ is restored: 2 keys, where there was 1\.\n$/);
		expect(await server.cli('GET', 'bull:jobs:id')).toBe('7');
		expect(await server.cli('EXISTS', 'newer')).toBe('0');
		const [, saved] = /^What was there is saved in (.*)$/m.exec(stdout)!;
		expect((await readManifest(saved!)).census).toMatchObject({ kind: 'redis', keys: 1 });
	});

	it('gives programs what was restored, without what the server was told', async () => {
		const { stdout } = await restore('--yes', '--no-safety-snapshot', '--json');
		expect(JSON.parse(stdout)).toMatchObject({ artifact: artifact.path, keys: 2, keysBefore: 1 });
		expect(stdout).not.toContain(password);
	});

	it('changes nothing where nobody can confirm it', async () => {
		const { exitCode, stderr } = await restore();
		expect(exitCode).toBe(2);
		expect(stderr).toContain('This replaces everything that Redis at 127.0.0.1:');
		expect(await server.cli('GET', 'newer')).toBe('than the backup');
	});

	it('ends with 3 for a damaged snapshot, before the server is touched', async () => {
		const content = await readFile(artifact.path);
		content[12]! ^= 1;
		await writeFile(artifact.path, content);
		const { exitCode, stderr } = await restore('--yes');
		expect(exitCode).toBe(3);
		expect(stderr).toContain('Restore another backup; nothing was changed.');
		expect(await server.cli('GET', 'newer')).toBe('than the backup');
	});

	it('sends nothing in plain text to a server by TLS, unless it is allowed', async () => {
		const secure = await startRedis({ tls: true });
		try {
			const overTls = async (...more: string[]) => {
				const options = [
					'--port',
					String(secure.port),
					'--tls',
					'--insecure',
					'--yes',
					'--no-safety-snapshot',
				];
				return await command(
					['restore', 'redis', artifact.path, '--host', secure.host, '--no-password', ...options, ...more],
					{ REDISCLI_AUTH: '' },
				);
			};
			const refused = await overTls();
			expect(refused.exitCode).toBe(1);
			expect(refused.stderr).toContain('the server fetches a restore from n8n in plain text');
			expect(await secure.cli('DBSIZE')).toBe('0');
			const { exitCode, stderr } = await overTls('--allow-plain-text');
			expect([exitCode, stderr]).toEqual([0, '']);
			expect(await secure.cli('DBSIZE')).toBe('2');
		} finally {
			await secure.stop();
		}
	});

	it('ends with 1 for a wrong password', async () => {
		const { exitCode, stderr } = await command(
			[
				...['restore', 'redis', artifact.path, '--yes', '--port', String(server.port)],
				'--no-safety-snapshot',
			],
			{ REDISCLI_AUTH: 'guessed-wrong' },
		);
		expect(exitCode).toBe(1);
		expect(stderr).not.toContain('guessed-wrong');
	});
});

describe('n8n-backup release redis', () => {
	const release = async (...args: string[]) =>
		await command(['release', 'redis', '--host', server.host, '--port', String(server.port), ...args], {
			REDISCLI_AUTH: password,
		});
	afterEach(async () => {
		await server.cli('REPLICAOF', 'NO', 'ONE');
	});

	it('has nothing to do for a master', async () => {
		const { exitCode, stdout } = await release();
		expect([exitCode, stdout]).toEqual([
			0,
			`Redis at ${server.host}:${server.port} is a master; there is nothing to release.\n`,
		]);
	});

	it('asks before it takes a replica away from somebody else', async () => {
		await server.cli('REPLICAOF', '127.0.0.1', '1');
		const refused = await release();
		expect(refused.exitCode).toBe(2);
		expect(refused.stderr).toContain('is a replica of 127.0.0.1:1, without contact');
		expect(await server.cli('ROLE')).toMatch(/^slave/);
		const { exitCode, stdout } = await release('--yes');
		expect([exitCode, stdout]).toEqual([
			0,
			expect.stringContaining('is a master again; it was a replica of'),
		]);
		expect(await server.cli('ROLE')).toMatch(/^master/);
	});

	it('asks nobody where a restore that crashed has left it', async () => {
		// What such a restore has written before it told the server to follow it.
		const mark = JSON.stringify({
			host: '127.0.0.1',
			port: '1',
			begunAt: 1_700_000_000,
			comeBy: 1_700_000_020,
		});
		await server.cli('SET', 'n8n-nodes-backup:restoring', mark);
		await server.cli('REPLICAOF', '127.0.0.1', '1');
		const { exitCode, stdout } = await release();
		expect(exitCode).toBe(0);
		expect(stdout).toContain(
			'is a master again; it was left a replica of 127.0.0.1:1 by a restore of 2023-11-14T22:13:20.000Z that crashed.',
		);
		expect(await server.cli('EXISTS', 'n8n-nodes-backup:restoring')).toBe('0');
	});
});
