import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from './freePort.ts';

const run = promisify(execFile);

export interface RedisOptions {
	/** Asked of the default user. */
	password?: string;
	/** Lines of an ACL, without the word `user`: `backup on >secret ~* +sync +replconf`. */
	users?: string[];
	/** Serves TLS, and nothing but TLS, with a certificate for `localhost` and 127.0.0.1. */
	tls?: boolean;
	/** More lines for redis.conf, such as `{ appendonly: 'yes' }`. */
	config?: Record<string, string>;
	/** An RDB to begin with. It is used where it lies, under its own name. */
	rdb?: { dir: string; file: string };
	/** Another server to run: a path, or a name on PATH. */
	binary?: string;
}

export interface RedisServer {
	host: string;
	port: number;
	password?: string;
	/** PEM of the authority that signed the server's certificate, which serves clients too; only with TLS. */
	ca?: string;
	/** PEM of its key. */
	key?: string;
	/** Where the server keeps its files. */
	dir: string;
	pid: number;
	/** Runs one command as the default user, by redis-cli; answers its raw output without the last line feed. */
	cli(...args: string[]): Promise<string>;
	/** Feeds redis-cli commands, one a line, without waiting for each answer. Needs no TLS. */
	pipe(commands: string): Promise<void>;
	/** Stops the server and removes its files. */
	stop(): Promise<void>;
	/** Kills it with SIGKILL, as a crash would. */
	kill(): Promise<void>;
}

/** Servers that must not outlive this process, whatever ends it. */
const running = new Set<ChildProcess>();
process.once('exit', () => running.forEach((child) => killGroup(child)));

/** Starts a Redis server of its own on a free port of the loopback interface, in a temporary folder. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
	const home = await mkdtemp(join(tmpdir(), 'redis-'));
	try {
		return await startIn(home, options);
	} catch (error) {
		await rm(home, { recursive: true, force: true });
		throw error;
	}
}

async function startIn(home: string, options: RedisOptions): Promise<RedisServer> {
	const port = await freePort();
	const certificate = options.tls ? await createCertificate(home) : undefined;
	const dir = options.rdb?.dir ?? home;
	const config: Array<[string, string]> = [
		['bind', '127.0.0.1'],
		['port', certificate ? '0' : String(port)],
		['dir', JSON.stringify(dir)],
		['dbfilename', options.rdb?.file ?? 'dump.rdb'],
		// No saves but those that a test asks for.
		['save', '""'],
		...(certificate ? tlsConfig(port, certificate) : []),
		...(options.password ? [['requirepass', JSON.stringify(options.password)] as [string, string]] : []),
		...(options.users ?? []).map((user): [string, string] => ['user', user]),
		...Object.entries(options.config ?? {}),
	];
	const configFile = join(home, 'redis.conf');
	await writeFile(configFile, config.map(([name, value]) => `${name} ${value}\n`).join(''), { mode: 0o600 });

	const child = spawn(options.binary ?? 'redis-server', [configFile], {
		stdio: ['ignore', 'pipe', 'pipe'],
		// A group of its own: a save that it has forked must not outlive it.
		detached: true,
	});
	running.add(child);
	const log = collect(child);
	const exited = new Promise<void>((resolve) => {
		child.once('exit', () => resolve());
		child.once('error', () => resolve());
	});
	void exited.then(() => running.delete(child));

	const cliArgs = ['-h', '127.0.0.1', '-p', String(port), ...(certificate ? tlsArguments(certificate) : [])];
	// redis-cli takes the password from its environment, so that it is in no process list.
	const env = { ...process.env, ...(options.password ? { REDISCLI_AUTH: options.password } : {}) };
	const cli = async (...args: string[]): Promise<string> => {
		const { stdout } = await run('redis-cli', [...cliArgs, '--raw', ...args], { env, maxBuffer: 2 ** 28 });
		return stdout.replace(/\n$/, '');
	};
	const end = async (signal: NodeJS.Signals): Promise<void> => {
		child.kill(signal);
		await exited;
		killGroup(child);
		await rm(home, { recursive: true, force: true });
	};
	const server: RedisServer = {
		host: '127.0.0.1',
		port,
		password: options.password,
		ca: certificate?.ca,
		key: certificate && (await readFile(certificate.keyFile, 'utf8')),
		dir,
		pid: child.pid ?? 0,
		cli,
		async pipe(commands) {
			const feeding = run('redis-cli', cliArgs, { env, maxBuffer: 2 ** 28 });
			feeding.child.stdin?.end(commands);
			await feeding;
		},
		stop: () => end('SIGTERM'),
		kill: () => end('SIGKILL'),
	};
	await untilReady(server, child, log);
	return server;
}

function killGroup({ pid }: ChildProcess): void {
	try {
		if (pid !== undefined) process.kill(-pid, 'SIGKILL');
	} catch {
		// Nobody was left.
	}
}

/** The last of what the server said, for the message when it does not start. */
function collect(child: ChildProcess): { text: string } {
	const log = { text: '' };
	const add = (chunk: Buffer) => (log.text = (log.text + chunk.toString()).slice(-4000));
	child.stdout?.on('data', add);
	child.stderr?.on('data', add);
	child.once('error', (error) => (log.text += `\n${error.message} (is redis-server installed?)`));
	return log;
}

async function untilReady(server: RedisServer, child: ChildProcess, log: { text: string }): Promise<void> {
	for (let attempt = 0; attempt < 300; attempt++) {
		if (child.exitCode !== null || child.pid === undefined) break;
		const answer = await server.cli('PING').catch(() => '');
		if (answer === 'PONG') return;
		await wait(50);
	}
	killGroup(child);
	throw new Error(`The Redis server did not start:\n${log.text}`);
}

interface Certificate {
	ca: string;
	certificateFile: string;
	keyFile: string;
}

function tlsConfig(port: number, { certificateFile, keyFile }: Certificate): Array<[string, string]> {
	return [
		['tls-port', String(port)],
		['tls-cert-file', certificateFile],
		['tls-key-file', keyFile],
		['tls-ca-cert-file', certificateFile],
		['tls-auth-clients', 'no'],
	];
}

/** redis-cli shows the server's certificate as its own, for servers that ask for one. */
function tlsArguments({ certificateFile, keyFile }: Certificate): string[] {
	return ['--tls', '--insecure', '--cert', certificateFile, '--key', keyFile];
}

/** A certificate that is its own authority. */
async function createCertificate(home: string): Promise<Certificate> {
	const certificateFile = join(home, 'server.pem');
	const keyFile = join(home, 'server.key');
	const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
	await run('openssl', [
		...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...subject],
		...['-keyout', keyFile, '-out', certificateFile],
	]);
	return { ca: await readFile(certificateFile, 'utf8'), certificateFile, keyFile };
}
