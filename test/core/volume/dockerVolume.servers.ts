import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream, mkdirSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createArtifact } from '../../../core/artifact';
import type { TarCensus } from '../../../core/artifact/manifest';
import { connectDocker } from '../../../core/docker/client';
import type { DockerConnection } from '../../../core/docker/connection';
import { recoverLeftovers } from '../../../core/docker/recover';
import { composeProjectVolumes, findVolume, listVolumes } from '../../../core/docker/volumes';
import { archiveReadBack, assertReadBack } from '../../../core/volume/readBackArchive';
import {
	dockerVolume,
	type DockerVolumeOptions,
	type DockerVolumeTarget,
} from '../../../core/volume/dockerVolume';
import { type DockerEngine, startDocker } from '../../../lab/servers/docker.ts';
import { composeService, execute, runContainer } from '../../../lab/servers/dockerContainers.ts';
import { describeDocker } from '../docker/support/describeDocker.ts';
import { ownContainers } from '../docker/support/leftovers.ts';
import { type RecordingProxy, startProxy } from '../../../lab/servers/recordingProxy.ts';
import { describeTree } from './support/describeTree.ts';
import { makeVariedTree } from './support/makeVariedTree.ts';

jest.setTimeout(90_000);

const run = promisify(execFile);
const never = new AbortController().signal;

describeDocker('A volume, archived through the engine', () => {
	let engine: DockerEngine;
	let connection: DockerConnection;
	let home: string;

	beforeAll(async () => {
		engine = await startDocker();
		connection = { kind: 'socket', path: engine.socketPath };
		home = await mkdtemp(join(tmpdir(), 'docker-volume-'));
		await makeVolume('varied', makeVariedTree);
		await makeVolume('app_data', (root) => writeFileSync(join(root, 'data.txt'), 'of the app'));
		await makeVolume('a.volume_with-odd.NAME', (root) => writeFileSync(join(root, 'x'), 'x'));
		const labels = composeService('shop', 'app');
		await runContainer(engine, ['sleep', '1000'], {
			name: 'shop-app-1',
			labels,
			volumes: { app_data: '/data', below: '/data/below' },
		});
		await runContainer(engine, ['sleep', '0'], { name: 'stopped', volumes: { varied: '/varied' } });
	});
	afterEach(async () => {
		expect(await ownContainers(engine)).toEqual([]);
	});
	afterAll(async () => {
		await engine?.stop();
		await rm(home, { recursive: true, force: true });
	});

	async function makeVolume(
		name: string,
		fill: (root: string) => void,
		labels: Record<string, string> = {},
	): Promise<string> {
		await engine.docker.createVolume({ Name: name, Labels: labels });
		const { Mountpoint } = await engine.docker.getVolume(name).inspect();
		fill(Mountpoint);
		return Mountpoint;
	}

	/** Archives, reads back, and unpacks by GNU tar; answers what there then is. */
	async function archive(target: DockerVolumeTarget, options: DockerVolumeOptions = {}, from = connection) {
		const directory = await mkdtemp(join(home, 'archive-'));
		const file = join(directory, 'archive.tar');
		const source = await dockerVolume(from, target, options)(never);
		const written = pipeline(source.stream, createWriteStream(file)).catch(() => {});
		const facts = await source.finished;
		await written;
		expect(source.readBack).toBe(archiveReadBack);
		await assertReadBack(createReadStream(file), source.finished);
		const tree = join(directory, 'tree');
		await mkdir(tree);
		await run('tar', [
			'--extract',
			'--file',
			file,
			'--directory',
			tree,
			'--same-owner',
			'--same-permissions',
		]);
		const { stdout } = await run('tar', ['--list', '--file', file]);
		const members = stdout.trim().split('\n').sort();
		return { facts, census: facts.census as TarCensus, tree, names: await readdir(tree), members };
	}

	it('has everything that a tree can hold, through a container that is stopped', async () => {
		const { facts, census, tree } = await archive({ volume: 'varied' });
		const { Mountpoint } = await engine.docker.getVolume('varied').inspect();
		expect(describeTree(tree)).toEqual(describeTree(Mountpoint));
		const { stdout } = await run('find', [Mountpoint, '-printf', '.']);
		expect(census.entries).toBe(stdout.length);
		expect(facts.source).toEqual({ volume: 'varied', container: 'stopped' });
		expect(facts.engine.name).toBe('docker');
		expect(facts.encryptionKey).toBe('found');
		expect(facts.warnings).toEqual([]);
	});

	it('that nobody mounts is read through a container that is never started and then removed', async () => {
		const events = await engine.docker.getEvents({ filters: { type: ['container'] } });
		const seen: string[] = [];
		events.on('data', (chunk: Buffer) => {
			for (const line of chunk.toString().trim().split('\n')) {
				seen.push((JSON.parse(line) as { Action: string }).Action);
			}
		});
		const { facts, names } = await archive({ volume: 'a.volume_with-odd.NAME' });
		expect(names).toEqual(['x']);
		expect(facts.source).toEqual({ volume: 'a.volume_with-odd.NAME' });
		expect(seen).toContain('create');
		expect(seen).not.toContain('start');
		(events as unknown as { destroy: () => void }).destroy();
		const { Volumes } = await engine.docker.listVolumes();
		expect(Volumes.map(({ Name }) => Name)).toContain('a.volume_with-odd.NAME');
	});

	it('that is empty is an archive of its own directory alone', async () => {
		await makeVolume('empty', () => {});
		const { census, names } = await archive({ volume: 'empty' });
		expect(names).toEqual([]);
		expect(census).toMatchObject({ entries: 1, bytes: 0 });
	});

	it('does not hold another volume that its user mounts below it', async () => {
		const app = engine.docker.getContainer('shop-app-1');
		await execute(app, ['sh', '-c', 'echo below > /data/below/file']);
		const { names, facts } = await archive({ volume: 'app_data' });
		expect(names.sort()).toEqual(['below', 'data.txt']);
		expect(facts.census).toMatchObject({ entries: 3 });
	});

	it('leaves out and counts devices, pipes and names of them, which restoring would refuse', async () => {
		const root = await makeVolume('special', (path) => writeFileSync(join(path, 'file'), 'x'));
		await run('mknod', [join(root, 'device'), 'c', '1', '3']);
		await run('mkfifo', [join(root, 'a-pipe'), join(root, `${'p'.repeat(150)}`)]);
		await run('ln', [join(root, 'a-pipe'), join(root, 'b-name of a-pipe')]);
		const socket = createServer();
		await new Promise<void>((resolve) => socket.listen(join(root, 'socket'), resolve));
		mkdirSync(join(root, 'z'));
		const { names, census } = await archive({ volume: 'special' });
		socket.close();
		expect(names.sort()).toEqual(['file', 'z']);
		expect(census).toMatchObject({ entries: 3, skipped: 4 });
	});

	it('has what is in lost+found but not that directory itself, which only root could restore', async () => {
		await makeVolume('disk', (root) => {
			mkdirSync(join(root, 'below', 'lost+found'), { recursive: true });
			mkdirSync(join(root, 'lost+found'), { mode: 0o700 });
			writeFileSync(join(root, 'lost+found', '#12'), 'saved');
			writeFileSync(join(root, 'zz'), 'x');
		});
		const { census, members } = await archive({ volume: 'disk' });
		expect(members).toEqual(['./', './below/', './below/lost+found/', './lost+found/#12', './zz']);
		expect(census).toMatchObject({ entries: 5, skipped: 0 });
	});

	it('with the data folder of a PostgreSQL server comes with a warning while nothing is held still', async () => {
		await makeVolume('postgres_data', (root) => {
			mkdirSync(join(root, 'data', 'base'), { recursive: true });
			for (const name of ['PG_VERSION', 'postmaster.pid']) writeFileSync(join(root, 'data', name), '17');
			writeFileSync(join(root, 'postmaster.pid'), 'of something else');
		});
		await runContainer(engine, ['sleep', '1000'], { name: 'server', volumes: { postgres_data: '/data' } });
		const { facts } = await archive({ volume: 'postgres_data' });
		expect(facts.warnings).toEqual([
			expect.stringMatching(
				/^data is the data folder of a PostgreSQL server that was running .* no backup of its/,
			),
		]);
		const options: DockerVolumeOptions = { holdStill: { containers: ['server'], how: 'stop' } };
		expect((await archive({ volume: 'postgres_data' }, options)).facts.warnings).toEqual([]);
	});

	it('that is a tmpfs in a container looks empty to the engine, and a warning says so', async () => {
		const { Image } = (await engine.docker.getContainer('stopped').inspect()) as { Image: string };
		const HostConfig = { Tmpfs: { '/cache': '' } };
		const container = await engine.docker.createContainer({
			name: 'ram',
			Image,
			Cmd: ['sleep', '1000'],
			HostConfig,
		});
		await container.start();
		await execute(container, ['sh', '-c', 'echo content > /cache/file']);
		const { names, facts } = await archive({ container: 'ram', path: '/cache' });
		expect(names).toEqual([]);
		expect(facts.warnings).toEqual([
			'/cache is an empty directory as far as the engine sees it. If the container keeps something there, it lies on a ' +
				'tmpfs, which the engine cannot read: the archive lacks it.',
		]);
		await container.remove({ force: true });
	});

	it('that is a device has nothing that could be kept, which is an error', async () => {
		await makeVolume('device', () => {});
		const { Mountpoint } = await engine.docker.getVolume('device').inspect();
		await run('mknod', [join(Mountpoint, 'null'), 'c', '1', '3']);
		await runContainer(engine, ['sleep', '1000'], { name: 'holder', volumes: { device: '/device' } });
		await expect(archive({ container: 'holder', path: '/device/null' })).rejects.toThrow(
			'The Docker Engine gave an archive with nothing in it that could be kept.',
		);
	});

	it('with a database that a running container may write to comes with a warning, without one when it is paused', async () => {
		await runContainer(engine, ['sleep', '1000'], { name: 'writer', volumes: { n8n_data: '/n8n' } });
		const { Mountpoint } = await engine.docker.getVolume('n8n_data').inspect();
		const database = new DatabaseSync(join(Mountpoint, 'database.sqlite'));
		database.exec('CREATE TABLE t (x); INSERT INTO t VALUES (1)');
		database.close();
		const { facts } = await archive({ volume: 'n8n_data' }, { holdsN8n: true });
		expect(facts.warnings).toEqual([
			'SQLite databases were copied byte by byte while writer may have written to them, so the copies may be damaged: ' +
				'database.sqlite. Have those containers paused while the volume is archived, or archive it by the built-in engine.',
		]);
		expect(facts.encryptionKey).toBe('missing');

		const options: DockerVolumeOptions = { holdStill: { containers: ['writer'], how: 'pause' } };
		const { facts: still, names } = await archive({ volume: 'n8n_data' }, options);
		expect(names).toEqual(['database.sqlite']);
		expect(still.warnings).toEqual([]);
		expect((await engine.docker.getContainer('writer').inspect()).State.Status).toBe('running');
	});

	it('has nothing in it of what our own runs keep there for a moment', async () => {
		await runContainer(engine, ['sleep', '1000'], { name: 'scratched', volumes: { scratched: '/data' } });
		const { Mountpoint } = await engine.docker.getVolume('scratched').inspect();
		const name = `.n8n-backup-databases-${randomUUID()}`;
		for (const directory of [name, 'sub/' + name, '.n8n-backup-databases-mine']) {
			await mkdir(join(Mountpoint, directory), { recursive: true });
			await writeFile(join(Mountpoint, directory, '0.sqlite'), 'x');
		}
		const { members } = await archive({ volume: 'scratched' });
		expect(members).toEqual([
			'./',
			'./.n8n-backup-databases-mine/',
			'./.n8n-backup-databases-mine/0.sqlite',
			'./sub/',
		]);
	});

	it('can be a path in a container, or a single file', async () => {
		const { names, facts } = await archive({ container: 'app', path: '/etc/' });
		expect(names).toEqual(expect.arrayContaining(['passwd', 'group']));
		expect(facts.source).toEqual({ container: 'shop-app-1', path: '/etc/' });
		expect((await archive({ container: 'stopped', path: '/etc/passwd' })).names).toEqual(['passwd']);
	});

	it.each([
		[{ volume: 'none' }, 'There is no volume “none”. Choose one of these: '],
		[{ volume: 'varied?force=1' }, 'There is no volume “varied?force=1”'],
		[{ volume: '../containers/json' }, 'There is no volume “../containers/json”'],
		[{ container: 'app', path: '/none' }, 'There is no /none in the container shop-app-1. Correct the path'],
		[{ container: 'app', path: 'etc' }, '“etc” is no absolute path.'],
		[{ container: 'none', path: '/etc' }, 'No container has the name, id or Compose service “none”'],
	])('that does not exist (%j) is an error that says so', async (target, message) => {
		await expect(archive(target)).rejects.toThrow(message);
	});

	it('is listed with its project and its users', async () => {
		const labels = { 'com.docker.compose.project': 'shop', 'com.docker.compose.volume': 'uploads' };
		await makeVolume('shop_uploads', () => {}, labels);
		const client = await connectDocker(connection);
		const volumes = await listVolumes(client, never);
		const appData = volumes.find(({ name }) => name === 'app_data');
		expect(appData?.users.map(({ name }) => name)).toEqual(['shop-app-1']);
		const own = await composeProjectVolumes(client, 'shop', never);
		expect(own).toMatchObject([{ name: 'shop_uploads', composeVolume: 'uploads', users: [] }]);
		await expect(composeProjectVolumes(client, 'blog', never)).rejects.toThrow(
			'No volume belongs to a Compose project “blog”. Choose one of these projects: shop.',
		);
		await expect(findVolume(client, 'uploads', never)).rejects.toThrow(
			'There is no volume “uploads”. Choose one of these: shop_uploads.',
		);
	});

	describe('when something fails half way', () => {
		let proxy: RecordingProxy;

		beforeAll(async () => {
			await makeVolume('big', (root) => {
				for (let i = 0; i < 40; i++) writeFileSync(join(root, `${i}`), Buffer.alloc(4 * 1024 * 1024, i));
			});
			proxy = await startProxy(engine.socketPath);
		});
		afterAll(() => proxy?.close());
		afterEach(async () => {
			const { State } = await engine.docker.getContainer('shop-app-1').inspect();
			expect(State.Status).toBe('running');
		});

		const options: DockerVolumeOptions = { holdStill: { containers: ['app'], how: 'pause' } };

		it('leaves no file, no helper and nothing paused: cancelled', async () => {
			const cancel = new AbortController();
			const open = dockerVolume(connection, { volume: 'big' }, options);
			const root = await mkdtemp(join(home, 'backups-'));
			const request = {
				root,
				component: 'n8n' as const,
				prefix: 'big',
				extension: 'tar',
				compression: { method: 'gzip' as const },
				timeZone: 'UTC',
				step: 'Archiving',
				onProgress: ({ rawBytes }: { rawBytes: number }) => rawBytes > 8 * 1024 * 1024 && cancel.abort(),
			};
			await expect(createArtifact(request, open, cancel.signal)).rejects.toThrow('cancelled');
			expect(await readdir(join(root, 'n8n'))).toEqual([]);
		});

		it('leaves no helper and nothing paused: the connection cut', async () => {
			const through: DockerConnection = { kind: 'tcp', host: '127.0.0.1', port: proxy.port };
			const source = await dockerVolume(through, { volume: 'big' }, options)(never);
			source.stream.once('data', () => proxy.cut());
			source.stream.on('error', () => {});
			source.stream.resume();
			await expect(source.finished).rejects.toThrow();
		});

		it('leaves no helper and nothing paused: the archive call forbidden', async () => {
			proxy.forbid = /archive/;
			await expect(
				archive({ volume: 'big' }, options, { kind: 'tcp', host: '127.0.0.1', port: proxy.port }),
			).rejects.toThrow(
				'forbids GET /containers/{id}/archive. Allow it in the socket proxy’s environment: CONTAINERS=1.',
			);
			proxy.forbid = undefined;
		});
	});
});

describeDocker('An engine that is stopped while a volume is read', () => {
	it('fails the archive, and the next run puts right what this one could not', async () => {
		const engine = await startDocker();
		try {
			const connection: DockerConnection = { kind: 'socket', path: engine.socketPath };
			const app = await runContainer(engine, ['sleep', '1000'], { name: 'app', volumes: { data: '/data' } });
			const { Mountpoint } = await engine.docker.getVolume('data').inspect();
			for (let i = 0; i < 20; i++) writeFileSync(join(Mountpoint, `${i}`), Buffer.alloc(4 * 1024 * 1024, i));
			const options: DockerVolumeOptions = { holdStill: { containers: ['app'], how: 'stop' } };
			const source = await dockerVolume(connection, { volume: 'data' }, options)(never);
			source.stream.on('error', () => {});
			await new Promise((resolve) => source.stream.once('readable', resolve));
			const stopped = engine.stopDaemon();
			source.stream.resume();
			await expect(source.finished).rejects.toThrow(/^app may not be running again: .* The next run/);
			await stopped;

			await engine.startDaemon();
			expect((await app.inspect()).State.Status).toBe('exited');
			expect(await ownContainers(engine)).toHaveLength(1);
			const client = await connectDocker(connection);
			await recoverLeftovers(client, never, 1000);
			expect((await app.inspect()).State.Status).toBe('running');
			expect(await ownContainers(engine)).toEqual([]);
		} finally {
			await engine.stop();
		}
	});
});
