import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type Docker from 'dockerode';
import os from 'node:os';
import { join } from 'node:path';
import { connectDocker, type DockerClient } from '../../../core/docker/client';
import { findContainer } from '../../../core/docker/containers';
import { holdStill } from '../../../core/docker/holdStill';
import { operations } from '../../../core/docker/operations';
import { recoverLeftovers } from '../../../core/docker/recover';
import { type DockerEngine, startDocker } from '../../../lab/servers/docker.ts';
import { composeService, runContainer } from '../../../lab/servers/dockerContainers.ts';
import { describeDocker } from './support/describeDocker.ts';
import { ownContainers, until } from './support/leftovers.ts';
import { startProxy } from '../../../lab/servers/recordingProxy.ts';

jest.setTimeout(90_000);

const never = new AbortController().signal;

/** Enough for runs that are known to be dead. */
const shortSilenceMs = 1_000;

describeDocker('Containers that are held still', () => {
	let engine: DockerEngine;
	let client: DockerClient;
	const containers: Record<string, Docker.Container> = {};

	beforeAll(async () => {
		engine = await startDocker();
		const labels = composeService('shop', 'app');
		const volumes = { data: '/data' };
		containers.app = await runContainer(engine, ['sleep', '1000'], { name: 'shop-app-1', labels, volumes });
		containers.worker = await runContainer(engine, ['sleep', '1000'], { name: 'shop-worker-1' });
		containers.idle = await runContainer(engine, ['sleep', '0'], { name: 'idle' });
		client = await connectDocker({ kind: 'socket', path: engine.socketPath });
	});
	afterEach(async () => {
		expect(await states()).toEqual({ app: 'running', worker: 'running', idle: 'exited' });
		expect(await ownContainers(engine)).toEqual([]);
	});
	afterAll(() => engine?.stop());

	async function states(): Promise<Record<string, string>> {
		const entries = Object.entries(containers).map(async ([name, container]) => {
			const { State } = await container.inspect();
			return [name, State.Status] as const;
		});
		return Object.fromEntries(await Promise.all(entries));
	}

	it('are paused, then run again', async () => {
		const held = await holdStill(client, { containers: ['app', 'shop-worker-1'], how: 'pause' }, never);
		expect(held.names).toEqual(['shop-app-1', 'shop-worker-1']);
		expect(await states()).toEqual({ app: 'paused', worker: 'paused', idle: 'exited' });
		await held.release();
	});

	it('are stopped, then started again; one that was stopped anyway stays stopped', async () => {
		const held = await holdStill(client, { containers: ['app', 'idle'], how: 'stop' }, never);
		expect(await states()).toEqual({ app: 'exited', worker: 'running', idle: 'exited' });
		await held.release();
	});

	it('may have been resumed by hand meanwhile', async () => {
		const held = await holdStill(client, { containers: ['app'], how: 'pause' }, never);
		await containers.app!.unpause();
		await held.release();
	});

	it('may be named twice', async () => {
		const held = await holdStill(client, { containers: ['app', 'shop-app-1'], how: 'pause' }, never);
		expect(held.names).toEqual(['shop-app-1']);
		await held.release();
	});

	it('run again when one of them cannot be found', async () => {
		const attempt = holdStill(client, { containers: ['app', 'nonesuch'], how: 'pause' }, never);
		await expect(attempt).rejects.toThrow('“nonesuch”');
	});

	it('run again when the run is cancelled while they are being paused', async () => {
		const cancel = new AbortController();
		const call = client.call.bind(client);
		jest.spyOn(client, 'call').mockImplementation(async (operation, ...rest) => {
			const answer = await call(operation, ...rest);
			if (operation === operations.pauseContainer) cancel.abort();
			return answer;
		});
		const attempt = holdStill(client, { containers: ['app', 'shop-worker-1'], how: 'pause' }, cancel.signal);
		await expect(attempt).rejects.toThrow('cancelled');
		jest.restoreAllMocks();
	});

	it('are named, with the command to resume them, when they cannot be resumed; the next run does it', async () => {
		const held = await holdStill(client, { containers: ['app'], how: 'pause' }, never);
		const call = client.call.bind(client);
		jest
			.spyOn(client, 'call')
			.mockImplementation((operation, ...rest) =>
				operation === operations.unpauseContainer
					? Promise.reject(new Error('the engine stumbled'))
					: call(operation, ...rest),
			);
		await expect(held.release()).rejects.toThrow(
			'Not running again after they were held still: shop-app-1 (the engine stumbled). Resume by hand: docker unpause shop-app-1.',
		);
		jest.restoreAllMocks();
		expect((await states()).app).toBe('paused');
		expect(await recoverLeftovers(client, never, shortSilenceMs)).toEqual([
			'A run before this one was cut off and left helper containers behind, which were removed; running again: shop-app-1',
		]);
	});

	it('may not be n8n’s own or the proxy’s, because nobody could resume those', async () => {
		const proxy = await startProxy(engine.socketPath);
		// The name by which the proxy is reached is that of a container.
		const through = await connectDocker({ kind: 'tcp', host: '127.0.0.1', port: proxy.port });
		const named = await runContainer(engine, ['sleep', '1000'], { name: '127.0.0.1' });
		await expect(holdStill(through, { containers: ['127.0.0.1'], how: 'stop' }, never)).rejects.toThrow(
			'n8n reaches Docker through 127.0.0.1, so nobody could resume that container.',
		);
		await named.remove({ force: true });
		await proxy.close();

		const { Config } = await containers.app!.inspect();
		jest.spyOn(os, 'hostname').mockReturnValue(Config.Hostname);
		await expect(holdStill(client, { containers: ['app'], how: 'stop' }, never)).rejects.toThrow(
			'n8n itself runs in shop-app-1, so nobody could resume that container.',
		);
		jest.restoreAllMocks();
	});

	describe('by a run that crashed', () => {
		it.each(['pause', 'stop'] as const)('(%s) run again after the next run has looked', async (how) => {
			await (await crashing(how)).kill();
			expect((await states()).app).toBe(how === 'pause' ? 'paused' : 'exited');
			expect(await ownContainers(engine)).toHaveLength(2);

			const warnings = await recoverLeftovers(client, never, shortSilenceMs);
			expect(warnings).toHaveLength(1);
			expect(warnings[0]).toContain('running again: shop-app-1');
		});

		it('are left alone while that run lives', async () => {
			const other = await crashing('pause');
			expect(await recoverLeftovers(client, never)).toEqual([]);
			expect((await states()).app).toBe('paused');
			await other.kill();
			await recoverLeftovers(client, never, shortSilenceMs);
		});

		it('keep the volume that its helper had mounted', async () => {
			await (await crashing('pause')).kill();
			await recoverLeftovers(client, never, shortSilenceMs);
			const { Volumes } = await engine.docker.listVolumes();
			expect(Volumes.map(({ Name }) => Name)).toContain('data');
		});

		it('run again after the engine was restarted as well', async () => {
			await (await crashing('pause')).kill();
			await engine.stopDaemon();
			await engine.startDaemon();
			await recoverLeftovers(client, never, shortSilenceMs);
			// The engine itself ended all of them.
			for (const name of ['app', 'worker']) await containers[name]!.start();
		});
	});

	it('are not looked for in vain: without leftovers it is one call', async () => {
		const call = jest.spyOn(client, 'call');
		expect(await recoverLeftovers(client, never, shortSilenceMs)).toEqual([]);
		expect(call).toHaveBeenCalledTimes(1);
		jest.restoreAllMocks();
	});

	it('do not show among the containers to choose from', async () => {
		const held = await holdStill(client, { containers: [], how: 'pause' }, never);
		const [name] = await ownContainers(engine);
		await expect(findContainer(client, name!, never)).rejects.toThrow('No container has');
		await held.release();
	});

	/** Another process that holds `app` still and renews its lease until it is killed. */
	async function crashing(how: string): Promise<{ kill: () => Promise<void> }> {
		const script = join(process.cwd(), 'test/core/docker/support/crashWhileHolding.mjs');
		const core = join(process.cwd(), 'dist/core');
		const child: ChildProcess = spawn(process.execPath, [script, core, engine.socketPath, 'app', how], {
			stdio: ['ignore', 'pipe', 'inherit'],
			env: { ...process.env, NODE_OPTIONS: '' },
		});
		let output = '';
		child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
		await until('the other process holds the container', () => output.includes('held'));
		return {
			kill: async () => {
				child.kill('SIGKILL');
				await once(child, 'exit');
			},
		};
	}
});
