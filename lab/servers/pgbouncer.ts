import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './freePort.ts';
import type { PostgresServer } from './postgres.ts';

export interface PgBouncer {
	host: string;
	port: number;
	stop(): Promise<void>;
}

/** Poolers that must not outlive this process, whatever ends it. */
const running = new Set<ChildProcess>();
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')));

/** Starts a connection pooler before a server, for all of its databases and its superuser. */
export async function startPgBouncer(
	server: PostgresServer,
	poolMode: 'session' | 'transaction' | 'statement',
	settings: Record<string, string> = {},
): Promise<PgBouncer> {
	const home = await mkdtemp(join(tmpdir(), 'pgbouncer-'));
	const port = await freePort();
	const config = join(home, 'pgbouncer.ini');
	const users = join(home, 'users.txt');
	await writeFile(users, `"${server.user}" "${server.password}"\n`);
	await writeFile(
		config,
		configuration(server, { listen_port: port, pool_mode: poolMode, auth_file: users, ...settings }),
	);
	// It refuses to run as root.
	const isRoot = process.getuid?.() === 0;
	const uid = isRoot
		? Number(/^nobody:[^:]*:(\d+)/m.exec(readFileSync('/etc/passwd', 'utf8'))?.[1])
		: undefined;
	if (uid !== undefined) await giveTo(uid, [home, config, users]);
	const child = spawn('/usr/sbin/pgbouncer', ['-q', config], { uid, cwd: home, stdio: 'ignore' });
	running.add(child);
	child.unref();
	const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
	void exited.then(() => running.delete(child));
	await waitUntilReady(child, port);
	return {
		host: '127.0.0.1',
		port,
		stop: async () => {
			child.ref();
			child.kill('SIGKILL');
			await exited;
			await rm(home, { recursive: true, force: true });
		},
	};
}

function configuration(server: PostgresServer, settings: Record<string, string | number>): string {
	const all = {
		listen_addr: '127.0.0.1',
		unix_socket_dir: '',
		auth_type: 'scram-sha-256',
		default_pool_size: 4,
		...settings,
	};
	const lines = Object.entries(all).map(([name, value]) => `${name} = ${value}`);
	return ['[databases]', `* = host=${server.host} port=${server.port}`, '[pgbouncer]', ...lines, ''].join(
		'\n',
	);
}

async function giveTo(uid: number, paths: string[]): Promise<void> {
	for (const path of paths) {
		await chown(path, uid, uid);
		await chmod(path, 0o700);
	}
}

async function waitUntilReady(child: ChildProcess, port: number): Promise<void> {
	for (let attempt = 0; attempt < 200; attempt++) {
		if (child.exitCode !== null) throw new Error(`pgbouncer ended with ${child.exitCode} while starting`);
		if (await isOpen(port)) return;
		await new Promise((resolve) => setTimeout(resolve, 50));
	}
	throw new Error('pgbouncer did not open its port');
}

async function isOpen(port: number): Promise<boolean> {
	return await new Promise((resolve) => {
		const socket = connect(port, '127.0.0.1');
		socket.once('connect', () => {
			socket.destroy();
			resolve(true);
		});
		socket.once('error', () => resolve(false));
	});
}
