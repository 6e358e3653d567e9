import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { whyNoDocker } from '../../../lab/servers/docker';
import { eventually } from '../../../lab/eventually';

jest.setTimeout(60_000);

const reason = whyNoDocker();

/** The command lines of all processes that name a path. */
async function processesThatName(path: string): Promise<string[]> {
	const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
	const commands = await Promise.all(
		pids.map(async (pid) => await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
	);
	return commands.filter((command) => command.includes(path));
}

(reason === undefined ? it : it.skip)(
	'the engine of a test that is killed ends with it: no dockerd, no containerd, no shim stays',
	async () => {
		const start = `import('${process.cwd()}/lab/servers/docker.ts').then(async ({ startDocker, testImage }) => {
			const { docker, socketPath } = await startDocker();
			const options = { Image: testImage, Cmd: ['sleep', '1000'], HostConfig: { NetworkMode: 'none' } };
			await (await docker.createContainer(options)).start();
			console.log(socketPath);
		})`;
		const test = spawn(process.execPath, ['--disable-warning=MODULE_TYPELESS_PACKAGE_JSON', '-e', start], {
			stdio: ['ignore', 'pipe', 'inherit'],
		});
		const [socketPath] = (await once(test.stdout, 'data')) as [Buffer];
		const home = dirname(socketPath.toString().trim());
		const names = (await processesThatName(home)).join('\n');
		for (const program of ['dockerd', 'containerd', 'containerd-shim']) expect(names).toContain(program);
		test.kill('SIGKILL');
		await eventually(async () => expect(await processesThatName(home)).toEqual([]));
		await rm(home, { recursive: true, maxRetries: 20, retryDelay: 100 });
	},
);
