import type Docker from 'dockerode';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { connectDocker, type DockerClient } from '../../../core/docker/client';
import { findContainer } from '../../../core/docker/containers';
import { runExec, startExec } from '../../../core/docker/exec';
import { type DockerEngine, startDocker } from '../../../lab/servers/docker.ts';
import { runContainer } from '../../../lab/servers/dockerContainers.ts';
import { describeDocker } from './support/describeDocker.ts';
import { processes, until } from './support/leftovers.ts';

jest.setTimeout(60_000);

const never = new AbortController().signal;

describeDocker('A command inside a container', () => {
	let engine: DockerEngine;
	let container: Docker.Container;
	let client: DockerClient;

	beforeAll(async () => {
		engine = await startDocker();
		container = await runContainer(engine, ['sleep', '1000'], { name: 'box', environment: { KEPT: 'yes' } });
		client = await connectDocker({ kind: 'socket', path: engine.socketPath });
	});
	afterAll(() => engine?.stop());

	const box = () => findContainer(client, 'box', never);
	const shell = async (script: string) => ({
		container: await box(),
		argv: ['sh', '-c', script] as [string, ...string[]],
	});

	it('gives its output, its messages and its exit code apart', async () => {
		const result = await runExec(client, await shell('echo out; echo err >&2; exit 3'), never);
		expect(result).toEqual({ stdout: 'out\n', stderr: 'err', exitCode: 3 });
	});

	it('has the container’s environment and what was added to it, and takes arguments as they are', async () => {
		const request = {
			container: await box(),
			argv: ['sh', '-c', 'echo "$KEPT $ADDED $1"', 'sh', '$(id) "quoted"'] as [string, ...string[]],
			environment: { ADDED: 'a b' },
		};
		expect((await runExec(client, request, never)).stdout).toBe('yes a b $(id) "quoted"\n');
	});

	it('runs as another user when asked to', async () => {
		const whoAmI =
			'while read -r key id rest; do [ $key = Uid: ] && echo $id; done < /proc/self/status; exit 0';
		expect((await runExec(client, await shell(whoAmI), never)).stdout).toBe('0\n');
		const request = { ...(await shell(whoAmI)), user: 'postgres' };
		expect((await runExec(client, request, never)).stdout).toBe('999\n');
	});

	it('that does not exist ends with 126 or 127 and the engine’s words', async () => {
		const request = { container: await box(), argv: ['nonesuch'] as [string, ...string[]] };
		const { exitCode, stdout } = await runExec(client, request, never);
		expect([126, 127]).toContain(exitCode);
		expect(stdout).toContain('"nonesuch": executable file not found');
	});

	it('keeps only the end of messages that never end', async () => {
		const { stderr } = await runExec(
			client,
			await shell('i=0; while [ $i -lt 3000 ]; do echo "message $i" >&2; i=$((i+1)); done'),
			never,
		);
		expect(stderr.length).toBeLessThan(17_000);
		expect(stderr).toMatch(/^… /);
		expect(stderr).toMatch(/message 2999$/);
	});

	it('whose output should be small but is not is ended', async () => {
		const endless = await shell(
			'while :; do echo yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy; done',
		);
		await expect(runExec(client, endless, never)).rejects.toThrow('sh in box wrote more than was expected');
		await until(
			'only the container’s own processes run',
			async () => (await processes(container)).length <= 2,
		);
	});

	it('waits for a slow reader: what it writes meanwhile does not pile up here', async () => {
		const before = process.memoryUsage().rss;
		const endless = await shell(
			'while :; do echo yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy; done',
		);
		const { stdout, exited } = await startExec(client, endless, never);
		await wait(1500);
		expect(stdout.readableLength).toBeLessThan(2 * 1024 * 1024);
		expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024);
		stdout.destroy();
		await expect(exited).rejects.toThrow();
	});

	it('that says nothing is gone once it was cancelled, children included', async () => {
		const cancel = new AbortController();
		const { stdout, exited } = await startExec(
			client,
			await shell('sleep 500 & sleep 600; wait'),
			cancel.signal,
		);
		stdout.resume().on('error', () => {});
		await until('it runs', async () =>
			(await processes(container)).some((name) => name.includes('sleep 600')),
		);
		cancel.abort();
		await expect(exited).rejects.toThrow('The run was cancelled before it was finished.');
		await until('its children are gone, too', async () =>
			(await processes(container)).every((name) => !/sleep [56]00/.test(name)),
		);
	});

	it('that ignores SIGTERM is killed', async () => {
		const cancel = new AbortController();
		const stubborn = await shell("trap '' TERM; while :; do sleep 0.1; done");
		const { stdout, exited } = await startExec(client, stubborn, cancel.signal);
		stdout.resume().on('error', () => {});
		await until('it runs', async () => (await processes(container)).some((name) => name.includes('trap')));
		cancel.abort();
		await expect(exited).rejects.toThrow('cancelled');
		await until('it is gone', async () =>
			(await processes(container)).every((name) => !name.includes('trap')),
		);
	});

	it('whose reader goes away is ended as well', async () => {
		const { stdout, exited } = await startExec(client, await shell('echo begun; sleep 700'), never);
		await new Promise((resolve) => stdout.once('data', resolve));
		stdout.destroy();
		await expect(exited).rejects.toThrow();
		await until('it is gone', async () =>
			(await processes(container)).every((name) => !name.includes('700')),
		);
	});

	it('that is killed half way ends with 137', async () => {
		const { stdout, exited } = await startExec(
			client,
			await shell('echo half; sleep 0.2; kill -9 $$'),
			never,
		);
		expect(await text(stdout)).toBe('half\n');
		expect((await exited).exitCode).toBe(137);
	});

	it('in a container that is removed half way ends with an error, not with success', async () => {
		const doomed = await runContainer(engine, ['sleep', '1000'], { name: 'doomed' });
		const request = { container: await findContainer(client, 'doomed', never), argv: ['sleep', '900'] };
		const { stdout, exited } = await startExec(client, request as typeof request & { argv: [string] }, never);
		stdout.resume().on('error', () => {});
		await doomed.remove({ force: true });
		const outcome = await exited.then(({ exitCode }) => exitCode, String);
		expect(outcome).not.toBe(0);
	});

	it('is refused where the container was stopped since it was listed', async () => {
		const gone = await runContainer(engine, ['sleep', '1000'], { name: 'gone' });
		const listed = await findContainer(client, 'gone', never);
		await gone.kill();
		await gone.wait();
		await expect(runExec(client, { container: listed, argv: ['sleep', '0'] }, never)).rejects.toThrow(
			/^No command can be run in gone: .*is not running.* See what became of it with docker ps -a/,
		);
	});

	it('is never begun when the run was cancelled before', async () => {
		const listed = await box();
		await expect(
			startExec(client, { container: listed, argv: ['sleep', '800'] }, AbortSignal.abort()),
		).rejects.toThrow('cancelled');
		expect((await processes(container)).some((name) => name.includes('800'))).toBe(false);
	});
});

describeDocker('An engine that is stopped half way', () => {
	it('is an error of the command, with the engine’s name and what to do', async () => {
		const engine = await startDocker();
		try {
			await runContainer(engine, ['sleep', '1000'], { name: 'box' });
			const client = await connectDocker({ kind: 'socket', path: engine.socketPath });
			const container = await findContainer(client, 'box', never);
			const endless = ['sh', '-c', 'while :; do echo y; sleep 0.01; done'] as [string, ...string[]];
			const { stdout, exited } = await startExec(client, { container, argv: endless }, never);
			stdout.resume().on('error', () => {});
			await engine.stopDaemon();
			const outcome = await exited.then(({ exitCode }) => `exit code ${exitCode}`, String);
			expect(outcome).toMatch(
				/exit code 137|There is no Docker socket at|No Docker Engine listens|was cut off|was lost/,
			);
			await engine.startDaemon();
			const [box] = await engine.docker.listContainers({ all: true });
			expect(box?.State).toBe('exited');
		} finally {
			await engine.stop();
		}
	});
});
