import type Docker from 'dockerode';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createArtifact } from '../../../../core/artifact';
import type { SourceFacts } from '../../../../core/artifact/source';
import type { DockerConnection } from '../../../../core/docker/connection';
import { packFiles } from '../../../../core/docker';
import { dockerSnapshot, type DockerSnapshotOptions } from '../../../../core/redis/snapshot/dockerSnapshot';
import { type DockerEngine, startDocker } from '../../../../lab/servers/docker.ts';
import {
	composeService,
	type RedisContainerOptions,
	redisCli,
	runContainer,
	runRedisContainer,
} from '../../../../lab/servers/dockerContainers.ts';
import { startRedis } from '../../../../lab/servers/redis.ts';
import { describeDocker } from '../../docker/support/describeDocker.ts';
import { ownContainers, processes, until } from '../../docker/support/leftovers.ts';
import { startProxy } from '../../../../lab/servers/recordingProxy.ts';
import { leaveBehind } from '../support';

jest.setTimeout(90_000);

const never = new AbortController().signal;
const password = 'in no "list" of processes';

describeDocker('A snapshot by the engine docker', () => {
	let engine: DockerEngine;
	let connection: DockerConnection;
	let server: Docker.Container;
	let home: string;

	beforeAll(async () => {
		home = await mkdtemp(join(tmpdir(), 'docker-snapshot-'));
		engine = await startDocker();
		connection = { kind: 'socket', path: engine.socketPath };
		server = await runRedisContainer(engine, {
			name: 'shop-redis-1',
			labels: composeService('shop', 'redis'),
			volumes: { redis_data: '/data' },
			settings: ['--enable-debug-command', 'yes'],
			password,
		});
		await redisCli(server, ['DEBUG', 'POPULATE', '10000', 'key', '100'], password);
		await redisCli(server, ['SET', 'bull:jobs:id', '42'], password);
	});
	afterEach(async () => {
		expect((await processes(server)).filter((name) => name.includes('redis-cli'))).toEqual([]);
		expect(await ownContainers(engine)).toEqual([]);
	});
	afterAll(async () => {
		await engine?.stop();
		await rm(home, { recursive: true, force: true });
	});

	async function take(
		reference: string,
		options: DockerSnapshotOptions = {},
		from = connection,
	): Promise<{ facts: SourceFacts; file: string }> {
		const file = join(await mkdtemp(join(home, 'snapshot-')), 'dump.rdb');
		const source = await dockerSnapshot(from, reference, options)(never);
		const written = pipeline(source.stream, createWriteStream(file)).catch(() => {});
		const facts = await source.finished;
		await written;
		return { facts, file };
	}

	/** A server of its own for one test. */
	async function withServer<T>(
		options: Partial<RedisContainerOptions>,
		work: (container: Docker.Container) => Promise<T>,
	): Promise<T> {
		const container = await runRedisContainer(engine, { name: 'other', ...options });
		try {
			return await work(container);
		} finally {
			await container.remove({ force: true, v: true });
		}
	}

	it('holds everything, as a server that is started on it shows', async () => {
		const { facts, file } = await take('redis', { password });
		expect(facts).toMatchObject({
			source: {
				container: 'shop-redis-1',
				path: '/data/dump.rdb',
				serverVersion: expect.stringMatching(/^\d/),
			},
			engine: { name: 'docker' },
			census: { kind: 'redis', keys: 10_001, checksum: 'verified' },
			warnings: [],
		});
		expect(JSON.stringify(facts)).not.toContain(password);
		const restored = await startRedis({ rdb: { dir: dirname(file), file: 'dump.rdb' } });
		expect(await restored.cli('DBSIZE')).toBe('10001');
		expect(await restored.cli('GET', 'bull:jobs:id')).toBe('42');
		await restored.stop();
	});

	it('is of this save, also when one was made within the same second', async () => {
		await redisCli(server, ['SAVE'], password);
		await redisCli(server, ['SET', 'late', 'but in time'], password);
		const { facts } = await take('redis', { password });
		expect(facts.census).toMatchObject({ keys: 10_002 });
		await redisCli(server, ['DEL', 'late'], password);
	});

	it('shows the password to no list of processes', async () => {
		const seen = new Set<string>();
		const watching = setInterval(
			() =>
				void processes(server).then(
					(names) => names.forEach((name) => seen.add(name)),
					() => {},
				),
			10,
		);
		await take('redis', { password });
		clearInterval(watching);
		const clients = [...seen].filter((name) => name.startsWith('redis-cli'));
		expect(clients.length).toBeGreaterThan(0);
		expect(clients.join()).not.toContain('list');
	});

	it('takes directory and name of the file from the server, whatever they are', async () => {
		await withServer({ settings: ['--dbfilename', 'odd näme.rdb'] }, async () => {
			const { facts } = await take('other');
			expect(facts.source.path).toBe('/data/odd näme.rdb');
		});
	});

	it('of a server that persists by its append-only file alone is whole, and comes with a warning', async () => {
		await withServer({ settings: ['--appendonly', 'yes'] }, async (container) => {
			await redisCli(container, ['SET', 'a', '1']);
			const { facts } = await take('other');
			expect(facts.census).toMatchObject({ keys: 1 });
			expect(facts.warnings).toEqual([
				expect.stringMatching(/^Redis in other loads its append-only file when it starts, not an RDB/),
			]);
		});
	});

	it('fails with the reason where the server cannot write its disk', async () => {
		const readOnly = { settings: ['--dir', '/etc'] };
		await withServer(readOnly, async () => {
			await expect(take('other')).rejects.toThrow(
				/^Redis at other:6379 failed to save its RDB file\. .*the disk is full, not writable/,
			);
		});
	});

	it('fails with the reason where the file lies on a tmpfs', async () => {
		await withServer({ tmpfs: ['/mnt/ram'], settings: ['--dir', '/mnt/ram'] }, async () => {
			await expect(take('other')).rejects.toThrow(
				'There is no /mnt/ram/dump.rdb in the container other. Correct the path; what lies on a tmpfs is out of the engine’s reach.',
			);
		});
	});

	it.each([
		[{}, 'asks for a password and the credential has none'],
		[{ password: 'wrong' }, 'did not accept the user or the password'],
		[{ user: 'nobody', password }, 'did not accept the user or the password'],
		[{ password, port: 6380 }, 'Connection refused'],
	])('says what is wrong with the log-in %j', async (options, message) => {
		await expect(take('redis', options)).rejects.toThrow(message);
	});

	it('releases a server that a crashed restore has left a replica, and says so', async () => {
		await withServer({}, async (container) => {
			await redisCli(container, ['SET', 'a', '1']);
			await leaveBehind((args) => redisCli(container, args));
			expect(await redisCli(container, ['INFO', 'replication'])).toContain('role:slave');
			const { facts } = await take('other');
			expect(facts).toMatchObject({
				census: { keys: 1 },
				warnings: [
					expect.stringMatching(/^Redis at other:6379 was left a replica by a restore of .* that crashed/),
				],
			});
			expect(await redisCli(container, ['INFO', 'replication'])).toContain('role:master');
		});
	});

	it('finds the server at the port that it listens on', async () => {
		await withServer({}, async (container) => {
			await redisCli(container, ['CONFIG', 'SET', 'port', '7000']);
			await expect(take('other')).rejects.toThrow('then correct Container Port');
			expect((await take('other', { port: 7000 })).facts.census).toMatchObject({ keys: 0 });
		});
	});

	it('logs in as a user that has no password, and never as the default user instead', async () => {
		await withServer({}, async (container) => {
			await redisCli(container, ['ACL', 'SETUSER', 'backup', 'on', 'nopass', '~*', '+@all']);
			await redisCli(container, ['ACL', 'SETUSER', 'idle', 'on', 'nopass', '-@all']);
			expect((await take('other', { user: 'backup' })).facts.census).toMatchObject({ keys: 0 });
			await expect(take('other', { user: 'idle' })).rejects.toMatchObject({ code: 'not-permitted' });
		});
	});

	it('takes the password of a user from the container where the credential has none', async () => {
		const own = 'of the container';
		await withServer({ password: own, environment: { REDISCLI_AUTH: own } }, async (container) => {
			await redisCli(container, ['ACL', 'SETUSER', 'backup', 'on', `>${own}`, '~*', '+@all']);
			expect((await take('other', { user: 'backup' })).facts.census).toMatchObject({ keys: 0 });
		});
	});

	it('speaks TLS, with a certificate of its own where the server asks for one', async () => {
		const authority = await startRedis({ tls: true });
		await authority.stop();
		await withServer({}, async (container) => {
			const owner = { uid: 0, gid: 0, mode: 0o644 };
			const files = Object.entries({ 'tls.crt': authority.ca!, 'tls.key': authority.key! });
			const packed = packFiles(
				files.map(([name, text]) => ({
					name,
					owner,
					size: Buffer.byteLength(text),
					open: () => Readable.from([Buffer.from(text)]),
				})),
			);
			await container.putArchive(packed, { path: '/data' });
			const certificate = ['tls-cert-file', '/data/tls.crt', 'tls-key-file', '/data/tls.key'];
			const settings = [...certificate, 'tls-ca-cert-file', '/data/tls.crt', 'tls-port', '7443'];
			await redisCli(container, ['CONFIG', 'SET', ...settings]);
			const shown = { tlsCertificate: '/data/tls.crt', tlsKey: '/data/tls.key' };
			const taken = await take('other', { port: 7443, tls: true, ...shown });
			expect(taken.facts.census).toMatchObject({ keys: 0 });
			await expect(take('other', { port: 7443, tls: true })).rejects.toMatchObject({
				code: 'unreachable',
				message: expect.stringMatching(/whether it asks for a client certificate; then correct/) as unknown,
			});
		});
	});

	it('says which command a user lacks the right to', async () => {
		await redisCli(server, ['ACL', 'SETUSER', 'limited', 'on', '>secret', '+@all', '-bgsave'], password);
		await expect(take('redis', { user: 'limited', password: 'secret' })).rejects.toThrow(
			'does not permit its user limited to run BGSAVE. Extend that user’s ACL: ACL SETUSER limited +bgsave',
		);
	});

	it('says so where the container is no Redis server, or does not run', async () => {
		const box = await runContainer(engine, ['/usr/bin/sleep', '1000'], {
			name: 'box',
			environment: { PATH: '/nowhere:/usr/sbin' },
		});
		await expect(take('box')).rejects.toThrow(
			/^redis-cli in the container box ended with exit code 12[67]: .*not found.* See whether box \(image .*\) is the Redis server/s,
		);
		await box.remove({ force: true });
		const plain = await runContainer(engine, ['sleep', '1000'], { name: 'plain' });
		await expect(take('plain')).rejects.toThrow(
			'redis-cli in the container plain ended with exit code 1: Could not connect to Redis',
		);
		await plain.pause();
		await expect(take('plain')).rejects.toThrow('The container plain is paused');
		await plain.unpause();
		await plain.kill();
		await plain.wait();
		await expect(take('plain')).rejects.toThrow('The container plain is stopped');
		await plain.remove();
	});

	it('that is cancelled while the server saves leaves no file and no redis-cli', async () => {
		await redisCli(server, ['CONFIG', 'SET', 'rdb-key-save-delay', '100'], password);
		const cancel = new AbortController();
		const root = await mkdtemp(join(home, 'backups-'));
		const request = {
			root,
			component: 'redis' as const,
			prefix: 'dump',
			extension: 'rdb',
			compression: { method: 'none' as const },
			timeZone: 'UTC',
			step: 'Saving',
		};
		const saving = createArtifact(request, dockerSnapshot(connection, 'redis', { password }), cancel.signal);
		saving.catch(() => {});
		await until('the server saves', async () =>
			(await redisCli(server, ['INFO', 'persistence'], password)).includes('rdb_bgsave_in_progress:1'),
		);
		cancel.abort();
		await expect(saving).rejects.toThrow('cancelled');
		expect(await readdir(join(root, 'redis'))).toEqual([]);
		await redisCli(server, ['CONFIG', 'SET', 'rdb-key-save-delay', '0'], password);
	});

	it('whose stream is cut is not finished', async () => {
		const proxy = await startProxy(engine.socketPath);
		const through: DockerConnection = { kind: 'tcp', host: '127.0.0.1', port: proxy.port };
		const source = await dockerSnapshot(through, 'redis', { password })(never);
		proxy.cut();
		source.stream.on('error', () => {});
		source.stream.resume();
		await expect(source.finished).rejects.toThrow(/was cut off while it was read|RDB/);
		await proxy.close();
	});
});
