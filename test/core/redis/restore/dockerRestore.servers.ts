import type Docker from 'dockerode';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as wait } from 'node:timers/promises';
import type { DockerConnection } from '../../../../core/docker/connection';
import { dockerSnapshot } from '../../../../core/redis/snapshot/dockerSnapshot';
import { dockerRestoreRdb, type DockerRestoreRequest } from '../../../../core/redis/restore/dockerRestore';
import { root } from '../../../../scripts/lib/paths.ts';
import { type DockerEngine, startDocker } from '../../../../lab/servers/docker.ts';
import {
	execute,
	type RedisContainerOptions,
	redisCli,
	runRedisContainer,
} from '../../../../lab/servers/dockerContainers.ts';
import { describeDocker } from '../../docker/support/describeDocker.ts';
import { ownContainers, until } from '../../docker/support/leftovers.ts';
import { startProxy } from '../../../../lab/servers/recordingProxy.ts';
import { leaveBehind } from '../support';

jest.setTimeout(120_000);

const never = new AbortController().signal;
const password = 'in no "list" of processes';
const appendOnly = ['--appendonly', 'yes'];

type Login = Pick<DockerRestoreRequest, 'password' | 'port'>;

describeDocker('A restore by the engine docker', () => {
	let engine: DockerEngine;
	let connection: DockerConnection;
	let home: string;
	/** 5,001 keys, one of them with a time to live. */
	let backup: string;

	beforeAll(async () => {
		home = await mkdtemp(join(tmpdir(), 'docker-restore-'));
		engine = await startDocker();
		connection = { kind: 'socket', path: engine.socketPath };
		await withServer({}, async (source) => {
			await redisCli(source, ['DEBUG', 'POPULATE', '5000', 'restored', '100']);
			await redisCli(source, ['SET', 'soon', 'gone', 'EX', '86400']);
			backup = await snapshot('target');
		});
	});
	afterEach(async () => {
		expect(await ownContainers(engine)).toEqual([]);
	});
	afterAll(async () => {
		await engine?.stop();
		await rm(home, { recursive: true, force: true });
	});

	async function withServer(
		options: Partial<RedisContainerOptions>,
		work: (container: Docker.Container) => Promise<void>,
	): Promise<void> {
		const settings = ['--enable-debug-command', 'yes', ...(options.settings ?? [])];
		const container = await runRedisContainer(engine, { name: 'target', ...options, settings });
		try {
			await work(container);
		} finally {
			await container.remove({ force: true, v: true });
		}
	}

	async function snapshot(reference: string, login: Login = {}): Promise<string> {
		const file = join(await mkdtemp(join(home, 'snapshot-')), 'dump.rdb');
		const source = await dockerSnapshot(connection, reference, login)(never);
		await Promise.all([source.finished, pipeline(source.stream, createWriteStream(file))]);
		return file;
	}

	const request = (path: string, login: Login = {}): DockerRestoreRequest => ({
		...login,
		openRdb: () => createReadStream(path),
		takeSafetySnapshot: () => snapshot('target', login),
	});

	/** What a server holds: a hash over all of it. */
	const digest = (container: Docker.Container, secret?: string) =>
		redisCli(container, ['DEBUG', 'DIGEST'], secret);

	/** Names that begin with a dot, in the server's data directory; the pattern itself where there are none. */
	const hiddenFiles = async (container: Docker.Container) =>
		(await execute(container, ['sh', '-c', 'echo /data/.[!.]*']))
			.split(' ')
			.filter((name) => !name.endsWith('*'));

	const restart = async (container: Docker.Container) => {
		await container.restart();
		await until('it answers', async () => (await redisCli(container, ['PING']).catch(() => '')) === 'PONG');
	};

	const persisting: Array<[string, Partial<RedisContainerOptions>]> = [
		['keeps its data in a volume', { volumes: { data: '/data' } }],
		['keeps its data in the container', {}],
		['saves when it stops', { settings: ['--save', '3600 1'] }],
		['names its file oddly', { settings: ['--dbfilename', 'odd näme.rdb'] }],
		['runs as root', { user: 'root' }],
		['writes an append-only file', { settings: appendOnly }],
		['writes one of another name', { settings: [...appendOnly, '--appendfilename', 'my own.aof'] }],
	];

	it.each(persisting)(
		'holds just the backup in a server that %s, also after the next restart',
		async (_, options) => {
			await withServer(options, async (target) => {
				await redisCli(target, ['MSET', 'before', '1', 'restored:1', 'old']);
				const result = await dockerRestoreRdb(connection, 'target', request(backup), never);
				expect(result).toMatchObject({ keys: 5001, keysBefore: 2, warnings: [] });
				const restored = await digest(target);
				expect(await redisCli(target, ['EXISTS', 'before'])).toBe('0');
				expect(await hiddenFiles(target)).toEqual([]);
				await redisCli(target, ['SET', 'after', '1']);
				await redisCli(target, ['SAVE']);
				await restart(target);
				expect(await redisCli(target, ['GET', 'after'])).toBe('1');
				await redisCli(target, ['DEL', 'after']);
				expect(await digest(target)).toBe(restored);
			});
		},
	);

	it('finds the server at the port that it listens on, before and after', async () => {
		await withServer({ port: 7000 }, async (target) => {
			await expect(dockerRestoreRdb(connection, 'target', request(backup), never)).rejects.toThrow(
				'then correct Container Port',
			);
			const there = request(backup, { port: 7000 });
			expect(await dockerRestoreRdb(connection, 'target', there, never)).toMatchObject({ keys: 5001 });
			expect(await redisCli(target, ['-p', '7000', 'DBSIZE'])).toBe('5001');
		});
	});

	it('releases a server that a crashed restore has left a replica, and says so', async () => {
		await withServer({}, async (target) => {
			await redisCli(target, ['MSET', 'before', '1', 'restored:1', 'old']);
			await leaveBehind((args) => redisCli(target, args));
			expect(await dockerRestoreRdb(connection, 'target', request(backup), never)).toMatchObject({
				keys: 5001,
				keysBefore: 2,
				warnings: [
					expect.stringMatching(/^Redis at target:6379 was left a replica by a restore of .* that crashed/),
				],
			});
			expect(await redisCli(target, ['INFO', 'replication'])).toContain('role:master');
		});
	});

	it('leaves the append-only file to the server, who deletes what was there', async () => {
		await withServer({ settings: appendOnly }, async (target) => {
			for (const value of ['1', '2', '3']) {
				await redisCli(target, ['SET', 'before', value]);
				await dockerRestoreRdb(connection, 'target', request(backup), never);
			}
			expect(await redisCli(target, ['EXISTS', 'before'])).toBe('0');
			const names = await execute(target, ['sh', '-c', 'echo /data/appendonlydir/*']);
			expect(names.split(' ')).toHaveLength(3);
		});
	});

	it('gives files the owner that they had, so that the server can save', async () => {
		await withServer({ volumes: { owned: '/data' }, settings: appendOnly, password }, async (target) => {
			await dockerRestoreRdb(connection, 'target', request(backup, { password }), never);
			expect(await redisCli(target, ['BGREWRITEAOF'], password)).toContain('started');
			await until('it is rewritten', async () => {
				const info = await redisCli(target, ['INFO', 'persistence'], password);
				return info.includes('aof_rewrite_in_progress:0') && info.includes('aof_rewrite_scheduled:0');
			});
			expect(await redisCli(target, ['INFO', 'persistence'], password)).toContain(
				'aof_last_bgrewrite_status:ok',
			);
			expect(await redisCli(target, ['SAVE'], password)).toBe('OK');
		});
	});

	it.each([
		['is cut off', (bytes: Buffer) => bytes.subarray(0, -100)],
		[
			'has a wrong bit',
			(bytes: Buffer) => Buffer.concat([bytes.subarray(0, -1), Buffer.from([bytes.at(-1)! ^ 1])]),
		],
		['is of a newer server', newer],
	])('touches nothing where the backup %s', async (_, change) => {
		await withServer({}, async (target) => {
			await redisCli(target, ['SET', 'before', '1']);
			const { State } = await target.inspect();
			const bad = join(home, 'bad.rdb');
			await writeFile(bad, change(await readFile(backup)));
			const takeSafetySnapshot = jest.fn();
			await expect(
				dockerRestoreRdb(connection, 'target', { ...request(bad), takeSafetySnapshot }, never),
			).rejects.toThrow(/ends|cut|checksum|cannot read an RDB of format/);
			expect(takeSafetySnapshot).not.toHaveBeenCalled();
			expect((await target.inspect()).State.StartedAt).toBe(State.StartedAt);
		});
	});

	/** The version is in the digits behind the magic; a checksum of zeros is none. */
	function newer(bytes: Buffer): Buffer {
		const changed = Buffer.from(bytes);
		changed.write('0099', 5);
		changed.fill(0, changed.length - 8);
		return changed;
	}

	it.each([
		['a server', []],
		['a server with an append-only file', appendOnly],
	])('that %s cannot be given puts back what it held, and says so', async (_, settings) => {
		await withServer({ settings }, async (target) => {
			await redisCli(target, ['DEBUG', 'POPULATE', '300', 'before', '10']);
			const before = await digest(target);
			let opened = 0;
			const openRdb = () => {
				opened++;
				// Whole when it was first read; what is then sent is something else of the same size.
				if (opened === 1) return createReadStream(backup);
				return createReadStream(backup).map((chunk: Buffer) => chunk.fill(0xff));
			};
			await expect(
				dockerRestoreRdb(connection, 'target', { ...request(backup), openRdb }, never),
			).rejects.toThrow(
				/^Redis in target did not start on the restored data\. What target held before was put back from the safety snapshot .*dump\.rdb; it holds 300 keys\. See docker logs target/,
			);
			expect(await digest(target)).toBe(before);
		});
	});

	it('puts back what the server held when it is cancelled under way', async () => {
		await withServer({ settings: appendOnly }, async (target) => {
			await redisCli(target, ['DEBUG', 'POPULATE', '300', 'before', '10']);
			const before = await digest(target);
			const cancel = new AbortController();
			let opened = 0;
			const openRdb = () => {
				if (++opened > 1) cancel.abort();
				return createReadStream(backup);
			};
			await expect(
				dockerRestoreRdb(connection, 'target', { ...request(backup), openRdb }, cancel.signal),
			).rejects.toThrow(/^The run was cancelled .* it holds 300 keys\./);
			expect(await digest(target)).toBe(before);
		});
	});

	it('that crashes while it sends leaves what the server held, which the next run starts again', async () => {
		const settings = ['--save', '3600 1'];
		await withServer({ settings, volumes: { crashed: '/data' } }, async (target) => {
			await redisCli(target, ['DEBUG', 'POPULATE', '300', 'before', '10']);
			const before = await digest(target);
			const program = `
				const { dockerRestoreRdb } = require(process.argv[1]);
				const { createReadStream } = require('node:fs');
				const { Readable } = require('node:stream');
				let opened = 0;
				const stalling = () => {
					const stream = new Readable({ read() {} });
					stream.push('REDIS0010');
					console.log('sending');
					return stream;
				};
				const openRdb = () => (opened++ > 0 ? stalling() : createReadStream(process.argv[3]));
				const connection = { kind: 'socket', path: process.argv[2] };
				dockerRestoreRdb(connection, 'target', { openRdb }, new AbortController().signal);`;
			const dist = join(root, 'dist/core/redis/restore/dockerRestore.js');
			const restoring = spawn(process.execPath, ['-e', program, dist, engine.socketPath, backup], {
				stdio: ['ignore', 'pipe', 'inherit'],
			});
			const ended = once(restoring, 'exit');
			await once(restoring.stdout, 'data');
			// The engine has begun to write by then, or will not any more.
			await wait(500);
			restoring.kill('SIGKILL');
			await ended;
			expect((await target.inspect()).State.Running).toBe(false);

			const { warnings } = await dockerRestoreRdb(
				connection,
				'target',
				{
					...request(backup),
					takeSafetySnapshot: async () => {
						expect(await digest(target)).toBe(before);
						return await snapshot('target');
					},
				},
				never,
			);
			expect(warnings).toEqual([
				'A run before this one was cut off and left helper containers behind, which were removed; running again: target',
			]);
			expect(await redisCli(target, ['DBSIZE'])).toBe('5001');
			expect(await hiddenFiles(target)).toEqual([]);
		});
	});

	it('does not stop the container where putting files into it is forbidden', async () => {
		const proxy = await startProxy(engine.socketPath);
		proxy.forbid = /PUT/;
		const through: DockerConnection = { kind: 'tcp', host: '127.0.0.1', port: proxy.port };
		await withServer({ settings: appendOnly }, async (target) => {
			const { State } = await target.inspect();
			await expect(dockerRestoreRdb(through, 'target', request(backup), never)).rejects.toThrow(
				'forbids PUT /containers/{id}/archive.',
			);
			expect((await target.inspect()).State.StartedAt).toBe(State.StartedAt);
		});
		await proxy.close();
	});
});
