import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import type { DockerConnection } from '../../../core/docker/connection';
import { restoreToVolume, type RestoreToVolumeOptions } from '../../../core/volume/restoreToVolume';
import { type DockerEngine, startDocker } from '../../../lab/servers/docker.ts';
import { runContainer } from '../../../lab/servers/dockerContainers.ts';
import { describeDocker } from '../docker/support/describeDocker.ts';
import { ownContainers } from '../docker/support/leftovers.ts';
import { startProxy } from '../../../lab/servers/recordingProxy.ts';
import { describeTree } from './support/describeTree.ts';
import { makeTar } from './support/makeTar.ts';
import { makeVariedTree } from './support/makeVariedTree.ts';

jest.setTimeout(90_000);

const run = promisify(execFile);
const never = new AbortController().signal;

describeDocker('A volume, restored through the engine', () => {
	let engine: DockerEngine;
	let connection: DockerConnection;
	let home: string;
	/** Of a tree with everything, its own directory being somebody's. */
	let varied: string;
	let variedTree: string;

	beforeAll(async () => {
		engine = await startDocker();
		connection = { kind: 'socket', path: engine.socketPath };
		home = await mkdtemp(join(tmpdir(), 'docker-restore-volume-'));
		variedTree = join(home, 'tree');
		mkdirSync(variedTree);
		makeVariedTree(variedTree);
		await rm(join(variedTree, 'link outside'));
		await run('chown', ['1000:1000', variedTree]);
		await run('chmod', ['0750', variedTree]);
		varied = join(home, 'varied.tar.gz');
		await run('tar', ['--numeric-owner', '-C', variedTree, '-czf', varied, '.']);
		await runContainer(engine, ['sleep', '1000'], { name: 'app', volumes: { app_data: '/data' } });
	});
	afterEach(async () => {
		expect(await ownContainers(engine)).toEqual([]);
	});
	afterAll(async () => {
		await engine?.stop();
		await rm(home, { recursive: true, force: true });
	});

	/** An empty volume; answers where it lies. */
	async function makeVolume(name: string): Promise<string> {
		await engine.docker.createVolume({ Name: name });
		return (await engine.docker.getVolume(name).inspect()).Mountpoint;
	}

	async function restore(options: RestoreToVolumeOptions, signal = never, to: DockerConnection = connection) {
		return await restoreToVolume(to, options, signal);
	}

	async function archiveOf(...members: Parameters<typeof makeTar>): Promise<string> {
		const path = join(await mkdtemp(join(home, 'archive-')), 'archive.tar');
		writeFileSync(path, makeTar(...members));
		return path;
	}

	it('takes paths as long as the engine can make them, and refuses longer ones before anything is changed', async () => {
		const root = await makeVolume('long');
		const longest = 4095 - '/n8n-backup-volume/'.length;
		const path = (bytes: number) => 'd'.repeat(200).concat('/').repeat(20).padEnd(bytes, 'f');
		const fits = await archiveOf({ name: path(longest), content: 'deep' });
		const { entries } = await restore({ artifactPath: fits, volume: 'long' });
		expect(entries).toBe(1);
		const { stdout } = await run('find', [root, '-type', 'f', '-printf', '%P']);
		expect(stdout).toBe(path(longest));
		await run('rm', ['-r', join(root, 'd'.repeat(200))]);

		const other = await makeVolume('other');
		const tooLong = await archiveOf({ name: 'first' }, { name: path(longest + 1) });
		await expect(restore({ artifactPath: tooLong, volume: 'other' })).rejects.toThrow(
			`The archive’s member ${path(longest).slice(0, 100)}… has a path of ${longest + 1} bytes, and no more than ${longest} ` +
				'can be restored there. Nothing was restored; restore this archive into a directory, which takes longer ones.',
		);
		expect(readdirSync(other)).toEqual([]);
	});

	it('is what was archived: owners, permissions, links and times, of its own directory too', async () => {
		const root = await makeVolume('empty');
		const expected = { sha256: createHash('sha256').update(readFileSync(varied)).digest('hex') };
		const report = await restore({ artifactPath: varied, volume: 'empty', expected });
		expect(describeTree(root)).toEqual(describeTree(variedTree));
		const { stdout } = await run('find', [variedTree, '-printf', '.']);
		expect(report).toMatchObject({ entries: stdout.length, warnings: [] });
	});

	it('through a container that is never started', async () => {
		await makeVolume('watched');
		const events = await engine.docker.getEvents({ filters: { type: ['container'] } });
		let seen = '';
		events.on('data', (chunk: Buffer) => (seen += chunk.toString()));
		await restore({ artifactPath: varied, volume: 'watched' });
		(events as unknown as { destroy: () => void }).destroy();
		expect(seen).toContain('"Action":"create"');
		expect(seen).not.toContain('"Action":"start"');
	});

	it('that is not empty is refused, or keeps what the archive does not have', async () => {
		const root = await makeVolume('full');
		writeFileSync(join(root, 'mine'), 'mine');
		writeFileSync(join(root, 'both'), 'old and longer');
		const artifactPath = await archiveOf({ name: './both', content: 'new' }, { name: './new', content: 'n' });
		await expect(restore({ artifactPath, volume: 'full' })).rejects.toThrow(
			/^The volume full is not empty: it holds (mine|both)\. Choose an empty volume, or allow overwriting; nothing was changed\.$/,
		);
		expect(readFileSync(join(root, 'both'), 'utf8')).toBe('old and longer');
		await restore({ artifactPath, volume: 'full', overwrite: true });
		const contents = readdirSync(root).map((name) => [name, readFileSync(join(root, name), 'utf8')]);
		expect(Object.fromEntries(contents)).toEqual({ mine: 'mine', both: 'new', new: 'n' });
	});

	it('keeps its directory where the archive has a file of that name', async () => {
		const root = await makeVolume('directory');
		mkdirSync(join(root, 'both'));
		writeFileSync(join(root, 'both', 'kept'), 'kept');
		const artifactPath = await archiveOf({ name: './both', content: 'new' });
		await expect(restore({ artifactPath, volume: 'directory', overwrite: true })).rejects.toThrow(
			'The volume directory may hold a part of the archive now.',
		);
		expect(readdirSync(join(root, 'both'))).toEqual(['kept']);
	});

	it('gets no database beside the write-ahead log of another', async () => {
		const root = await makeVolume('database');
		const source = await mkdtemp(join(home, 'database-'));
		const database = new DatabaseSync(join(source, 'database.sqlite'));
		database.exec('CREATE TABLE t (x); INSERT INTO t VALUES (1)');
		database.close();
		const artifactPath = `${source}.tar`;
		await run('tar', ['-C', source, '-cf', artifactPath, '.']);
		writeFileSync(join(root, 'database.sqlite-wal'), 'of another');
		await expect(restore({ artifactPath, volume: 'database', overwrite: true })).rejects.toThrow(
			'database.sqlite-wal in the volume database belongs to a database to be replaced.',
		);
		expect(readdirSync(root)).toEqual(['database.sqlite-wal']);
		await rm(join(root, 'database.sqlite-wal'));
		await restore({ artifactPath, volume: 'database', overwrite: true });
		expect(readdirSync(root)).toEqual(['database.sqlite']);
	});

	it('gets no binaryData of n8n’s beside its storage, with which n8n 3 would not start', async () => {
		const root = await makeVolume('renamed');
		mkdirSync(join(root, 'storage'));
		const artifactPath = await archiveOf({ name: './binaryData/1', content: 'old' });
		await expect(restore({ artifactPath, volume: 'renamed', overwrite: true })).rejects.toThrow(
			'storage in the volume renamed is there already, and n8n 3 does not start with binaryData and storage.',
		);
		expect(readdirSync(root)).toEqual(['storage']);
	});

	it.each<[string, Parameters<typeof makeTar>]>([
		['a path that leads upwards', [{ name: '../escaped', content: 'x' }]],
		['the absolute path', [{ name: '/escaped', content: 'x' }]],
		['is a character device', [{ name: 'device', type: 'character-device', devmajor: 1, devminor: 3 }]],
		['which is outside of the archive', [{ name: 'link', type: 'symlink', linkname: '../../etc' }]],
		[
			'a path through the symbolic link',
			[
				{ name: 'link', type: 'symlink', linkname: '.' },
				{ name: 'link/file', content: 'x' },
			],
		],
	])('stays empty when the archive has what restoring refuses: %s', async (what, members) => {
		const root = await makeVolume('refused');
		const artifactPath = await archiveOf({ name: './first', content: 'x' }, ...members);
		await expect(restore({ artifactPath, volume: 'refused' })).rejects.toThrow(what);
		expect(readdirSync(root)).toEqual([]);
	});

	it('stays empty when the archive is cut, or not what its manifest says', async () => {
		const root = await makeVolume('cut');
		const cut = join(home, 'cut.tar.gz');
		writeFileSync(cut, readFileSync(varied).subarray(0, -20));
		await expect(restore({ artifactPath: cut, volume: 'cut' })).rejects.toThrow('ends before');
		const expected = { sha256: '0'.repeat(64) };
		await expect(restore({ artifactPath: varied, volume: 'cut', expected })).rejects.toThrow(
			'is not what its manifest describes',
		);
		expect(readdirSync(root)).toEqual([]);
	});

	it('gets links that point outside where they are allowed', async () => {
		const root = await makeVolume('links');
		const artifactPath = await archiveOf(
			{ name: 'absolute', type: 'symlink', linkname: '/etc/passwd' },
			{ name: 'relative', type: 'symlink', linkname: '../../etc/passwd' },
		);
		await restore({ artifactPath, volume: 'links', allowOutsideLinks: true });
		expect(readdirSync(root).sort()).toEqual(['absolute', 'relative']);
	});

	it('names who uses it, or has them stopped meanwhile', async () => {
		const { warnings } = await restore({ artifactPath: varied, volume: 'app_data' });
		expect(warnings).toEqual([expect.stringContaining('restored while app used it')]);
		const app = engine.docker.getContainer('app');
		const { State } = await app.inspect();
		const options = { artifactPath: varied, volume: 'app_data', overwrite: true, stop: ['app'] };
		expect((await restore(options)).warnings).toEqual([]);
		const after = await app.inspect();
		expect(after.State.Running).toBe(true);
		expect(after.State.StartedAt).not.toBe(State.StartedAt);
	});

	it('that does not exist is an error that names those that do', async () => {
		await expect(restore({ artifactPath: varied, volume: 'none' })).rejects.toThrow(
			'There is no volume “none”. Choose one of these: ',
		);
	});

	describe('when something fails half way', () => {
		let big: string;

		beforeAll(async () => {
			const content = Buffer.alloc(32 * 1024 * 1024, 'x');
			big = await archiveOf({ name: './a', content }, { name: './b', content });
		});

		it('leaves no helper: cancelled', async () => {
			await makeVolume('cancelled');
			const cancel = new AbortController();
			const restoring = restoreToVolume(
				connection,
				{ artifactPath: big, volume: 'cancelled' },
				cancel.signal,
				({ step, rawBytes }) => step.startsWith('Restoring') && rawBytes > 8 * 1024 * 1024 && cancel.abort(),
			);
			await expect(restoring).rejects.toThrow(
				/^The run was cancelled .* The volume cancelled may hold a part of the archive now\. Remove that volume/,
			);
		});

		it('leaves no helper: the call forbidden', async () => {
			await makeVolume('forbidden');
			const proxy = await startProxy(engine.socketPath);
			proxy.forbid = /PUT/;
			const through: DockerConnection = { kind: 'tcp', host: '127.0.0.1', port: proxy.port };
			await expect(restore({ artifactPath: varied, volume: 'forbidden' }, never, through)).rejects.toThrow(
				/forbids PUT \/containers\/\{id\}\/archive\. Allow it in the socket proxy’s environment: CONTAINERS=1 POST=1\.$/,
			);
			await proxy.close();
		});
	});
});
