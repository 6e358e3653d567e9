import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { chmod, chown, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { eventually } from '../eventually.ts';
import { freePort } from './freePort.ts';
import { clientProgram, serverBinaries } from './postgresBinaries.ts';
import { type Identity, makeCluster, serverEnvironment } from './postgresCluster.ts';
import { type Certificates, makeCertificates } from './postgresCertificates.ts';
import { childrenOf, killIfThere } from './processChildren.ts';

const run = promisify(execFile);

export interface PostgresOptions {
	/** 12 to 18; the machine's own newest when undefined. */
	major?: number;
	/** Switches TLS on with a certificate for `localhost` and 127.0.0.1, signed by {@link PostgresServer.ca}. */
	tls?: boolean;
	/** Lines for postgresql.conf, such as `max_connections: '5'`. */
	settings?: Record<string, string>;
	/** How passwords are stored and asked for. */
	auth?: 'scram-sha-256' | 'md5';
	/** A language that it speaks instead of English: `de_DE`. Only servers of Debian's own packages know any. */
	language?: string;
	/** A line for pg_hba.conf, ahead of the ones that ask everybody for a password. */
	hba?: string;
}

export interface PostgresServer {
	host: string;
	port: number;
	user: string;
	password: string;
	/** The database that is there from the start. */
	database: string;
	/** As `SHOW server_version` says it: `18.4`. */
	version: string;
	major: number;
	/** Holds `postgres` and `initdb`; the clients (`psql`) are found by `clientProgram`. */
	binDir: string;
	dataDir: string;
	socketDir: string;
	/** PEM; only with TLS. */
	ca?: string;
	/** PEM, a client certificate for the user that the CA signed; only with TLS. */
	clientCertificate?: { certificate: string; key: string };
	/** A connection string for `database`, `postgres` when undefined. */
	url(database?: string): string;
	/** Rows of one query, through the wire protocol. */
	query<Row = Record<string, unknown>>(sql: string, options?: { database?: string }): Promise<Row[]>;
	/** Runs a script by the native psql, stopping at the first error; answers its output, unaligned and bare. */
	psql(sql: string, options?: { database?: string }): Promise<string>;
	/** Runs any native client program with the connection in its environment. */
	client(program: string, args: string[], options?: ClientOptions): Promise<Buffer>;
	createDatabase(name: string, options?: string): Promise<void>;
	/** Ends the server and removes its data. */
	stop(): Promise<void>;
	/** Kills the postmaster and all its processes with SIGKILL, as a crash would. */
	kill(): Promise<void>;
	/** Ends it, if nobody has, and starts it again where it was: the same data, the same port. */
	restart(): Promise<void>;
}

export interface ClientOptions {
	database?: string;
	input?: string | Buffer;
}

/** Servers that must not outlive this process, whatever ends it. */
const running = new Set<ChildProcess>();
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')));

const user = 'postgres';
const password = 'correct horse battery staple';

/** Starts a PostgreSQL server of its own on a free port of the loopback interface, in a temporary folder. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
	const binDir = await serverBinaries(options.major);
	const home = await mkdtemp(join(tmpdir(), 'postgres-'));
	try {
		const identity = await serverIdentity(home);
		const dataDir = join(home, 'data');
		await makeCluster({
			binDir,
			home,
			dataDir,
			identity,
			auth: options.auth ?? 'scram-sha-256',
			user,
			password,
		});
		if (options.hba !== undefined) await prepend(join(dataDir, 'pg_hba.conf'), `${options.hba}\n`);
		const certificates = options.tls
			? await makeCertificates({ home, dataDir, user, owner: identity })
			: undefined;
		if (options.language !== undefined) await makeLocale(home, options.language);
		const place = { binDir, home, dataDir, identity, options };
		const launched = await launch(place);
		const again = async () => (await launch(place, launched.port)).child;
		return describe({ binDir, home, dataDir, ...launched, certificates, again });
	} catch (error) {
		await rm(home, { recursive: true, force: true });
		throw error;
	}
}

/** PostgreSQL refuses to run as root: there it runs as the system's own user for it, or as nobody. */
async function serverIdentity(home: string): Promise<Identity | undefined> {
	if (process.getuid?.() !== 0) return undefined;
	const users = readFileSync('/etc/passwd', 'utf8');
	const entry = /^postgres:[^:]*:(\d+):(\d+)/m.exec(users) ?? /^nobody:[^:]*:(\d+):(\d+)/m.exec(users);
	const identity = { uid: Number(entry?.[1] ?? 65534), gid: Number(entry?.[2] ?? 65534) };
	await chown(home, identity.uid, identity.gid);
	await chmod(home, 0o755);
	return identity;
}

interface Place {
	binDir: string;
	home: string;
	dataDir: string;
	identity: Identity | undefined;
}

/** Where LOCPATH points to: nothing of the machine's own is changed. */
async function makeLocale(home: string, language: string): Promise<void> {
	const locale = join(home, `${language}.UTF-8`);
	await run('localedef', ['-i', language, '-f', 'UTF-8', locale]);
}

async function prepend(path: string, text: string): Promise<void> {
	await writeFile(path, text + (await readFile(path, 'utf8')));
}

/**
 * Starts the server and waits until it answers; another port is tried when somebody took the first one.
 *
 * @param given the port, where it must be that one
 */
async function launch(
	place: Place & { options: PostgresOptions },
	given?: number,
): Promise<{ child: ChildProcess; port: number; version: string }> {
	for (let attempt = 1; ; attempt++) {
		const port = given ?? (await freePort());
		const child = spawnServer(place, port);
		running.add(child);
		// A test that forgets its server must not keep Jest from ending; see the listener above.
		child.unref();
		child.once('exit', () => running.delete(child));
		try {
			return { child, port, version: await waitUntilReady(child, port, place.home) };
		} catch (error) {
			child.kill('SIGKILL');
			if (attempt === 3) throw error;
		}
	}
}

function spawnServer(
	{ binDir, home, dataDir, identity, options }: Place & { options: PostgresOptions },
	port: number,
) {
	const settings: Record<string, string> = {
		port: String(port),
		listen_addresses: '127.0.0.1',
		unix_socket_directories: home,
		fsync: 'off',
		synchronous_commit: 'off',
		full_page_writes: 'off',
		log_line_prefix: '%m [%p] ',
		timezone: 'UTC',
		...(options.tls ? { ssl: 'on', ssl_ca_file: 'ca.crt' } : {}),
		...(options.auth === 'md5' ? { password_encryption: 'md5' } : {}),
		...(options.language === undefined ? {} : { lc_messages: `${options.language}.UTF-8` }),
		...options.settings,
	};
	return spawn(
		join(binDir, 'postgres'),
		['-D', dataDir, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
		{ ...identity, cwd: home, env: { ...serverEnvironment(), LOCPATH: home }, stdio: 'ignore' },
	);
}

async function waitUntilReady(child: ChildProcess, port: number, home: string): Promise<string> {
	const deadline = Date.now() + 60_000;
	for (;;) {
		if (child.exitCode !== null)
			throw new Error(`PostgreSQL in ${home} ended with ${child.exitCode} while starting`);
		try {
			const [row] = await queryOnce<{ server_version: string }>({
				port,
				database: 'postgres',
				sql: 'SHOW server_version',
			});
			return row!.server_version.split(' ')[0]!;
		} catch (error) {
			if (Date.now() > deadline) throw error;
			await new Promise((resolve) => setTimeout(resolve, 50));
		}
	}
}

async function queryOnce<Row>({
	port,
	database,
	sql,
}: {
	port: number;
	database: string;
	sql: string;
}): Promise<Row[]> {
	const client = new pg.Client({ host: '127.0.0.1', port, user, password, database });
	// A server that is stopped while this connection closes is no reason to crash.
	client.on('error', () => {});
	await client.connect();
	try {
		const result = await client.query(sql);
		return result.rows as Row[];
	} finally {
		await client.end();
	}
}

interface Started extends Omit<Place, 'identity'> {
	child: ChildProcess;
	port: number;
	version: string;
	certificates: Certificates | undefined;
	/** Starts it once more. */
	again: () => Promise<ChildProcess>;
}

function describe({
	binDir,
	home,
	dataDir,
	port,
	version,
	certificates,
	...started
}: Started): PostgresServer {
	let { child } = started;
	const end = async (signal: NodeJS.Signals) => {
		if (child.exitCode !== null || child.signalCode !== null) return;
		const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
		child.ref();
		child.kill(signal);
		await exited;
	};
	const client: PostgresServer['client'] = async (program, args, { database = 'postgres', input } = {}) =>
		runClient(await clientProgram(program), args, input, {
			...process.env,
			PGHOST: '127.0.0.1',
			PGPORT: String(port),
			PGUSER: user,
			PGPASSWORD: password,
			PGDATABASE: database,
			PGCONNECT_TIMEOUT: '10',
		});
	return {
		host: '127.0.0.1',
		port,
		user,
		password,
		database: 'postgres',
		version,
		major: Number.parseInt(version, 10),
		binDir,
		dataDir,
		socketDir: home,
		...certificates,
		url: (database = 'postgres') =>
			`postgres://${user}:${encodeURIComponent(password)}@127.0.0.1:${port}/${encodeURIComponent(database)}`,
		query: (sql, { database = 'postgres' } = {}) => queryOnce({ port, database, sql }),
		psql: async (sql, { database } = {}) =>
			(await client('psql', ['-XAtq', '-v', 'ON_ERROR_STOP=1'], { database, input: sql }))
				.toString()
				.trimEnd(),
		client,
		createDatabase: async (name, more = '') => {
			await queryOnce({
				port,
				database: 'postgres',
				sql: `CREATE DATABASE ${pg.escapeIdentifier(name)} ${more}`,
			});
		},
		stop: async () => {
			// Immediate shutdown: nobody needs this data again.
			await end('SIGQUIT');
			await rm(home, { recursive: true, force: true, maxRetries: 5 });
		},
		kill: async () => {
			if (child.exitCode !== null || child.signalCode !== null) return;
			// Left alone, they would work on until they next wait for something.
			const others = await childrenOf(child.pid!);
			await end('SIGKILL');
			others.forEach(killIfThere);
		},
		restart: async () => {
			await end('SIGINT');
			// What a crash has left may not be gone yet.
			await eventually(async () => (child = await started.again()));
		},
	};
}

function runClient(path: string, args: string[], input: string | Buffer | undefined, env: NodeJS.ProcessEnv) {
	return new Promise<Buffer>((resolve, reject) => {
		const child = spawn(path, args, { env, stdio: 'pipe' });
		const output: Buffer[] = [];
		let messages = '';
		child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
		child.stderr.on('data', (chunk: Buffer) => (messages += chunk.toString()));
		child.once('error', reject);
		child.once('close', (code) => {
			if (code === 0) resolve(Buffer.concat(output));
			else reject(new Error(`${path} ended with ${code}: ${messages}`));
		});
		// A program that fails early closes its input; its exit code says so better than EPIPE.
		child.stdin.on('error', () => {});
		child.stdin.end(input ?? '');
	});
}
