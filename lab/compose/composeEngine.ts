import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import Docker from 'dockerode';
import { root } from '../../scripts/lib/paths.ts';
import { authority, registryHost } from './authority.ts';
import { makeImages } from './images.ts';

/** A Docker Engine with the images of deploy/compose.yaml, in namespaces of its own. */
export interface ComposeEngine {
	/** Where it listens, as `DOCKER_HOST`. */
	host: string;
	docker: Docker;
	/** Where n8n's editor answers on this machine. */
	editorUrl: string;
	/** Ends the engine with all of its containers, and removes its data. */
	stop(): Promise<void>;
}

export interface ComposeEngineOptions {
	/** What containers find at {@link registryHost}. */
	registry: RequestListener;
	/** What they find at other hosts. All others do not exist there. */
	others: Record<string, RequestListener>;
}

/** Of the world outside, in a network that is set apart for tests of networks (RFC 2544). */
const address = '198.18.0.1';

/**
 * Starts one. Its network, its processes and its mounts are in namespaces: ports that it publishes are in nobody's way,
 * and whatever becomes of the test, nothing of it stays.
 */
export async function startComposeEngine({ registry, others }: ComposeEngineOptions): Promise<ComposeEngine> {
	const home = await mkdtemp(join(tmpdir(), 'compose-'));
	const socketPath = join(home, 'docker.sock');
	const docker = new Docker({ socketPath, host: undefined });
	const outside = createHttpServer((request, response) => {
		const host = (request.headers.host ?? '').replace(/:\d+$/, '');
		(host === registryHost ? registry : others[host])?.(request, response);
	});
	await new Promise<void>((resolve) => outside.listen(join(home, 'outside.sock'), resolve));
	const editor = await relay(join(home, 'editor.sock'));
	const { certificate, key } = await authority();
	const child = launch({
		address,
		hosts: [registryHost, ...Object.keys(others)],
		tls: { cert: certificate, key },
		outside: join(home, 'outside.sock'),
		published: { 5678: join(home, 'editor.sock') },
		daemon: daemonCommand(home),
	});
	const stop = async () => {
		await end(child);
		editor.close();
		outside.close();
		outside.closeAllConnections();
		await rm(home, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
	};
	try {
		await untilReady(docker, child);
		await makeImages(docker);
	} catch (error) {
		await stop();
		throw error;
	}
	const { port } = editor.address() as AddressInfo;
	return { host: `unix://${socketPath}`, docker, editorUrl: `http://127.0.0.1:${port}`, stop };
}

const daemonCommand = (home: string) => [
	'/usr/sbin/dockerd',
	`--data-root=${home}/data`,
	`--exec-root=${home}/exec`,
	`--pidfile=${home}/pid`,
	`--host=unix://${home}/docker.sock`,
	// Where containers look for it; nobody else sees this one.
	'--host=unix:///var/run/docker.sock',
	'--storage-driver=overlay2',
	'--shutdown-timeout=2',
	'--log-level=error',
];

function launch(options: object): ChildProcess {
	const namespaces = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
	// A proper init collects the shims, which are nobody's children.
	const first = ['docker-init', '--', process.execPath, join(root, 'lab', 'compose', 'world.mjs')];
	return spawn('unshare', [...namespaces, ...first, JSON.stringify(options)], {
		stdio: ['pipe', 'ignore', 'pipe'],
	});
}

async function untilReady(docker: Docker, child: ChildProcess): Promise<void> {
	let log = '';
	child.stderr!.on('data', (chunk: Buffer) => (log = (log + chunk.toString()).slice(-4000)));
	for (let attempt = 0; attempt < 600 && child.exitCode === null; attempt++) {
		if (await docker.ping().catch(() => false)) return;
		await wait(50);
	}
	throw new Error(`The Docker Engine did not start:\n${log}`);
}

async function end(child: ChildProcess): Promise<void> {
	if (child.exitCode !== null || child.signalCode !== null) return;
	const exited = new Promise((resolve) => child.once('exit', resolve));
	child.stdin!.end();
	await Promise.race([exited, wait(20_000, undefined, { ref: false })]);
	child.kill('SIGKILL');
	await exited;
}

/** A port of the loopback interface for a socket in the file system. */
async function relay(path: string): Promise<net.Server> {
	const server = net.createServer((socket) => {
		const target = net.connect(path);
		for (const one of [socket, target]) {
			one.on('error', () => {
				socket.destroy();
				target.destroy();
			});
		}
		socket.pipe(target).pipe(socket);
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	return server;
}
