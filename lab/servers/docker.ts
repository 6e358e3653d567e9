import { spawn, type ChildProcess } from 'node:child_process';
import { createReadStream, existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import Docker from 'dockerode';
import { imageArchive } from './dockerImage.ts';
import { childrenOf } from './processChildren.ts';

/** The image that every engine of a test has. */
export const testImage = 'n8n-backup-test:latest';

export interface DockerEngineOptions {
	/** Listens on this port of the loopback interface, too. */
	tcp?: { port: number; tls?: { ca: string; certificate: string; key: string } };
}

/** An engine of a test's own: its data, its socket, and no network. */
export interface DockerEngine {
	socketPath: string;
	/** For what a test does itself. */
	docker: Docker;
	/** Ids of all containers in whatever state. */
	containerIds(): Promise<string[]>;
	/** Ends the daemon as `systemctl stop docker` does; the containers end with it. */
	stopDaemon(): Promise<void>;
	/** Starts it again on the same data. */
	startDaemon(): Promise<void>;
	/** Ends everything and removes the data. */
	stop(): Promise<void>;
}

const daemon = '/usr/sbin/dockerd';

/**
 * Why there can be no engine on this machine; undefined where there can be. Where tests must not be skipped
 * (CI=true), it is an error instead.
 */
export function whyNoDocker(): string | undefined {
	const reason = missing();
	if (reason !== undefined && process.env.CI === 'true') throw new Error(reason);
	return reason;
}

function missing(): string | undefined {
	if (process.getuid?.() !== 0)
		return 'Tests of the docker engine need root, to start an engine of their own';
	if (!existsSync(daemon)) return 'Tests of the docker engine need dockerd: apt-get install docker.io';
	return undefined;
}

/**
 * An engine's processes have a PID namespace of their own, and its mounts: when this process ends, however it does, so
 * does `unshare`, then docker-init as the first process in there, and with it the kernel ends dockerd, containerd, shims
 * and containers.
 */
const namespaces = [
	...['--pdeathsig', 'KILL', 'unshare', '--pid', '--fork', '--kill-child', '--mount-proc'],
	// What is mounted out here later is there in the engine, too.
	...['--propagation', 'slave', 'docker-init', '--'],
];

/** Starts an engine of its own, with {@link testImage} in it. Takes about two seconds. */
export async function startDocker(options: DockerEngineOptions = {}): Promise<DockerEngine> {
	const home = await mkdtemp(join(tmpdir(), 'docker-'));
	const socketPath = join(home, 'docker.sock');
	const docker = new Docker({ socketPath, host: undefined });
	let child = await launch(home, options, docker);
	const stopDaemon = async () => {
		await end(child);
	};
	const engine: DockerEngine = {
		socketPath,
		docker,
		containerIds: async () => (await docker.listContainers({ all: true })).map(({ Id }) => Id),
		stopDaemon,
		startDaemon: async () => {
			child = await launch(home, options, docker);
		},
		stop: async () => {
			const containers = await docker.listContainers({ all: true }).catch(() => []);
			for (const { Id } of containers) await docker.getContainer(Id).remove({ force: true, v: true });
			await stopDaemon();
			await removeData(home);
		},
	};
	try {
		await importImage(docker);
		return engine;
	} catch (error) {
		await engine.stop();
		throw error;
	}
}

async function launch(home: string, { tcp }: DockerEngineOptions, docker: Docker): Promise<ChildProcess> {
	const tls = tcp?.tls;
	const child = spawn(
		'setpriv',
		[
			...namespaces,
			daemon,
			`--data-root=${home}/data`,
			`--exec-root=${home}/exec`,
			`--pidfile=${home}/pid`,
			`--host=unix://${home}/docker.sock`,
			...(tcp ? [`--host=tcp://127.0.0.1:${tcp.port}`, tls ? '--tlsverify' : '--tls=false'] : []),
			...(tls ? [`--tlscacert=${tls.ca}`, `--tlscert=${tls.certificate}`, `--tlskey=${tls.key}`] : []),
			'--iptables=false',
			'--ip6tables=false',
			'--bridge=none',
			'--shutdown-timeout=5',
			'--log-level=warn',
		],
		{ stdio: ['ignore', 'ignore', 'pipe'] },
	);
	let log = '';
	child.stderr.on('data', (chunk: Buffer) => (log = (log + chunk.toString()).slice(-4000)));
	for (let attempt = 0; attempt < 600 && child.exitCode === null; attempt++) {
		if (await docker.ping().catch(() => false)) return child;
		await wait(50);
	}
	child.kill('SIGKILL');
	throw new Error(`The Docker Engine did not start:\n${log}`);
}

async function end(child: ChildProcess): Promise<void> {
	if (child.exitCode !== null || child.signalCode !== null) return;
	const exited = new Promise((resolve) => child.once('exit', resolve));
	// docker-init hands it on; unshare does not heed it.
	for (const init of await childrenOf(child.pid!)) process.kill(init, 'SIGTERM');
	await exited;
}

/** Mounts of containers can outlive the daemon for a moment. */
async function removeData(home: string): Promise<void> {
	await rm(home, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
}

async function importImage(docker: Docker): Promise<void> {
	const [repo, tag] = testImage.split(':');
	const path = await imageArchive();
	const progress = await docker.importImage(createReadStream(path), { repo, tag });
	await new Promise<void>((resolve, reject) => {
		docker.modem.followProgress(progress, (error) => (error ? reject(error) : resolve()));
	});
	// An engine answers a failure in the middle of its progress.
	await docker.getImage(testImage).inspect();
}
