import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from './freePort.ts';

const run = promisify(execFile);

export interface Keys {
	accessKeyId: string;
	secretAccessKey: string;
}

export interface S3Server extends Keys {
	endpoint: string;
	port: number;
	/** The bucket that is there. */
	bucket: string;
	stop(): Promise<void>;
}

export interface SwiftServer extends S3Server {
	/** Of a user who may read the bucket and nothing else. */
	reader: Keys;
	/** Objects whose names begin like that, by what follows, read by Swift's own API. */
	objects(prefix: string): Promise<Map<string, Buffer>>;
}

const bucket = 'backups';
const account = 'lab';
const keeper = { accessKeyId: `${account}:keeper`, secretAccessKey: 'kept-by-the-lab' };
const reader = { accessKeyId: `${account}:reader`, secretAccessKey: 'read-in-the-lab' };

const storageServers = ['object', 'container', 'account'] as const;

const running = new Set<ChildProcess>();
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')));

/**
 * Starts OpenStack Swift with its S3 API, on one device without replicas: the proxy, its three storage servers
 * and the memcached that keeps their sessions. It takes its hash suffix from Debian's /etc/swift/swift.conf.
 *
 * @param options `device`: where its objects lie, on a file system with extended attributes; a temporary folder otherwise
 */
export async function startSwift(options: { device?: string } = {}): Promise<SwiftServer> {
	const home = await mkdtemp(join(tmpdir(), 'swift-'));
	const [port, cachePort, ...storagePorts] = await Promise.all(Array.from({ length: 5 }, freePort));
	const children: ChildProcess[] = [];
	const stop = async () => {
		await Promise.all(children.map(end));
		await rm(home, { recursive: true, force: true });
	};
	let log = '';
	const start = (program: string, args: string[]) => {
		const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], cwd: home });
		child.stderr.on('data', (text: Buffer) => (log += text.toString()));
		child.once('error', (error) => (log += error.message));
		running.add(child);
		children.push(child);
	};
	const devicesOf = (kind: string) =>
		kind === 'object' && options.device !== undefined ? options.device : join(home, kind);
	start('memcached', ['-u', userInfo().username, '-l', '127.0.0.1', '-p', String(cachePort)]);
	await makeRings(home, storagePorts);
	for (const [index, kind] of storageServers.entries()) {
		const storagePort = storagePorts[index]!;
		const devices = devicesOf(kind);
		await mkdir(join(devices, 'disk'), { recursive: true });
		await writeFile(join(home, `${kind}.conf`), storageConfig({ home, kind, port: storagePort, devices }));
		start(`swift-${kind}-server`, [join(home, `${kind}.conf`)]);
	}
	await writeFile(join(home, 'proxy.conf'), proxyConfig({ home, port: port!, cachePort: cachePort! }));
	start('swift-proxy-server', [join(home, 'proxy.conf')]);
	const endpoint = `http://127.0.0.1:${port}`;
	for (let attempt = 0; attempt < 2400; attempt++) {
		if (await makeBucket(endpoint)) {
			const objects = async (prefix: string) => await readObjects(endpoint, prefix);
			return { endpoint, port: port!, bucket, ...keeper, reader, objects, stop };
		}
		await wait(50);
	}
	await stop();
	throw new Error(`Swift did not start:\n${log}`);
}

async function end(child: ChildProcess): Promise<void> {
	const exited = new Promise((resolve) => child.once('exit', resolve));
	if (child.exitCode === null && child.signalCode === null && child.kill('SIGKILL')) await exited;
	running.delete(child);
}

/** Where Swift finds what: one device, one copy. By its own library, in one process for all rings. */
async function makeRings(home: string, ports: number[]): Promise<void> {
	const program = [
		'import sys',
		'from swift.common.ring import RingBuilder',
		'for path, port in zip(sys.argv[1::2], sys.argv[2::2]):',
		'    builder = RingBuilder(4, 1, 0)',
		"    builder.add_dev(dict(region=1, zone=1, ip='127.0.0.1', port=int(port), device='disk', weight=1))",
		'    builder.rebalance()',
		'    builder.get_ring().save(path)',
	].join('\n');
	const args = storageServers.flatMap((kind, index) => [join(home, `${kind}.ring.gz`), String(ports[index])]);
	// Debian's own Python, whichever else comes first in PATH.
	await run('/usr/bin/python3', ['-c', program, ...args]);
}

function common(home: string, port: number): string[] {
	return [
		'[DEFAULT]',
		'bind_ip = 127.0.0.1',
		`bind_port = ${port}`,
		// One process, which ends with its signal.
		'workers = 0',
		`swift_dir = ${home}`,
		`user = ${userInfo().username}`,
	];
}

interface Storage {
	home: string;
	kind: string;
	port: number;
	devices: string;
}

function storageConfig({ home, kind, port, devices }: Storage): string {
	const lines = [
		...common(home, port),
		`devices = ${devices}`,
		'mount_check = false',
		'[pipeline:main]',
		`pipeline = ${kind}-server`,
		`[app:${kind}-server]`,
		`use = egg:swift#${kind}`,
	];
	return lines.join('\n');
}

function proxyConfig({ home, port, cachePort }: { home: string; port: number; cachePort: number }): string {
	const filter = (name: string, ...settings: string[]) => [
		`[filter:${name}]`,
		`use = egg:swift#${name}`,
		...settings,
	];
	const user = ({ accessKeyId, secretAccessKey }: Keys, groups: string) =>
		`user_${accessKeyId.replace(':', '_')} = ${secretAccessKey}${groups}`;
	const lines = [
		...common(home, port),
		'[pipeline:main]',
		'pipeline = catch_errors memcache listing_formats s3api tempauth slo dlo proxy-server',
		'[app:proxy-server]',
		'use = egg:swift#proxy',
		'account_autocreate = true',
		// It would spare its only device for a minute after an error.
		'error_suppression_interval = 0',
		...filter('catch_errors'),
		...filter('memcache', `memcache_servers = 127.0.0.1:${cachePort}`),
		...filter('listing_formats'),
		...filter('s3api', 'location = us-east-1'),
		...filter('tempauth', user(keeper, ' .admin'), user(reader, '')),
		...filter('slo'),
		...filter('dlo'),
	];
	return lines.join('\n');
}

interface Session {
	url: string;
	headers: Record<string, string>;
}

async function logIn(endpoint: string): Promise<Session> {
	const headers = { 'X-Auth-User': keeper.accessKeyId, 'X-Auth-Key': keeper.secretAccessKey };
	const login = await fetch(`${endpoint}/auth/v1.0`, { headers });
	const token = login.headers.get('X-Auth-Token');
	const url = login.headers.get('X-Storage-Url');
	if (!token || !url) throw new Error(`Swift lets nobody in: ${login.status}`);
	return { url, headers: { 'X-Auth-Token': token } };
}

/** By Swift's own API, which can let another user read. */
async function makeBucket(endpoint: string): Promise<boolean> {
	try {
		const { url, headers } = await logIn(endpoint);
		const rights = { 'X-Container-Read': `${reader.accessKeyId},.rlistings` };
		const made = await fetch(`${url}/${bucket}`, { method: 'PUT', headers: { ...headers, ...rights } });
		return made.ok;
	} catch {
		return false;
	}
}

async function readObjects(endpoint: string, prefix: string): Promise<Map<string, Buffer>> {
	const { url, headers } = await logIn(endpoint);
	const get = async (path: string) => {
		const response = await fetch(`${url}/${path}`, { headers });
		if (!response.ok) throw new Error(`Swift answers ${response.status} to ${path}`);
		return Buffer.from(await response.arrayBuffer());
	};
	const listed = (await get(`${bucket}?prefix=${encodeURIComponent(prefix)}`)).toString();
	const objects = new Map<string, Buffer>();
	for (const name of listed.split('\n').filter((line) => line !== '')) {
		objects.set(name.slice(prefix.length), await get(`${bucket}/${encodeURIComponent(name)}`));
	}
	return objects;
}
