import { Writable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import type Docker from 'dockerode';
import { type DockerEngine, testImage } from './docker.ts';

export interface ContainerOptions {
	name: string;
	labels?: Record<string, string>;
	environment?: Record<string, string>;
	/** Volume name -> path. Volumes that do not exist are made. */
	volumes?: Record<string, string>;
	/** Paths that are kept in memory only. */
	tmpfs?: string[];
	user?: string;
	restart?: 'always';
}

/** Labels as Docker Compose puts them on containers of a service. */
export function composeService(project: string, service: string): Record<string, string> {
	return { 'com.docker.compose.project': project, 'com.docker.compose.service': service };
}

/** Creates and starts a container of the test image that runs one program and has no network. */
export async function runContainer(
	{ docker }: DockerEngine,
	command: string[],
	options: ContainerOptions,
): Promise<Docker.Container> {
	const { name, labels, environment = {}, volumes = {}, tmpfs = [], user, restart } = options;
	const container = await docker.createContainer({
		name,
		Image: testImage,
		Cmd: command,
		User: user,
		Labels: labels,
		Env: Object.entries(environment).map(([variable, value]) => `${variable}=${value}`),
		// The first process is a proper init, which passes signals on and collects orphans.
		HostConfig: {
			Init: true,
			NetworkMode: 'none',
			ShmSize: 128 * 1024 * 1024,
			Binds: Object.entries(volumes).map(([volume, path]) => `${volume}:${path}`),
			Tmpfs: Object.fromEntries(tmpfs.map((path) => [path, 'mode=1777'])),
			RestartPolicy: { Name: restart ?? 'no' },
		},
	});
	await container.start();
	return container;
}

/** The image's programs, found as in the official images. */
const path = '/usr/lib/postgresql/current/bin:/usr/bin';

const startPostgres = `
set -e
initdb -D "$PGDATA" -U "$POSTGRES_USER" -N -E UTF8 --locale=C --auth="$AUTH" --pwfile=/tmp/password
exec postgres -D "$PGDATA" -c listen_addresses= -c fsync=off -c full_page_writes=off`;

export interface PostgresContainerOptions extends ContainerOptions {
	/** How the server authenticates connections over its socket; the official image trusts them. */
	auth?: 'trust' | 'scram-sha-256';
}

export const postgresUser = 'app';
export const postgresPassword = 'never leaves $(the) "container"';
export const postgresDatabase = 'appdb';

/** A PostgreSQL server with the environment that the official image asks for. Ready when this returns. */
export async function runPostgresContainer(
	engine: DockerEngine,
	{ auth = 'trust', ...options }: PostgresContainerOptions,
): Promise<Docker.Container> {
	const data = '/var/lib/postgresql/data';
	const environment = {
		PATH: path,
		PGDATA: data,
		AUTH: auth,
		POSTGRES_USER: postgresUser,
		POSTGRES_PASSWORD: postgresPassword,
		POSTGRES_DB: postgresDatabase,
		...options.environment,
	};
	const script = `printf %s "$SERVER_PASSWORD" > /tmp/password; ${startPostgres}`;
	const container = await runContainer(engine, ['sh', '-c', script], {
		...options,
		user: options.user ?? 'postgres',
		environment: { ...environment, SERVER_PASSWORD: postgresPassword },
	});
	await untilReady(container, () => psql(container, 'SELECT 1', 'postgres'));
	await psql(container, `CREATE DATABASE ${postgresDatabase}`, 'postgres');
	return container;
}

/** Runs SQL in a PostgreSQL container; answers bare rows. */
export async function psql(
	container: Docker.Container,
	sql: string,
	database: string = postgresDatabase,
): Promise<string> {
	return await execute(container, ['psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', database, '-c', sql], {
		PGUSER: postgresUser,
		PGPASSWORD: postgresPassword,
	});
}

export interface RedisContainerOptions extends ContainerOptions {
	/** Arguments of redis-server. */
	settings?: string[];
	password?: string;
	/** Its ordinary one when undefined. */
	port?: number;
}

/** A Redis server with its data in /data. Ready when this returns. */
export async function runRedisContainer(
	engine: DockerEngine,
	{ settings = [], password, port = 6379, ...options }: RedisContainerOptions,
): Promise<Docker.Container> {
	const command = ['redis-server', '--port', String(port), '--dir', '/data', '--save', '', ...settings];
	const container = await runContainer(
		engine,
		[...command, ...(password ? ['--requirepass', password] : [])],
		{
			user: 'postgres',
			...options,
		},
	);
	await untilReady(container, async () => {
		const answer = await redisCli(container, ['-p', String(port), 'PING'], password);
		if (answer !== 'PONG') throw new Error(`redis-server answers ${answer}`);
	});
	return container;
}

/** Runs one command by redis-cli in a Redis container. */
export async function redisCli(
	container: Docker.Container,
	command: string[],
	password?: string,
): Promise<string> {
	const environment: Record<string, string> = password === undefined ? {} : { REDISCLI_AUTH: password };
	return await execute(container, ['redis-cli', ...command], environment);
}

/** Runs a program in a container to its end; throws what it wrote when it fails. */
export async function execute(
	container: Docker.Container,
	command: string[],
	environment: Record<string, string> = {},
): Promise<string> {
	const exec = await container.exec({
		AttachStdout: true,
		AttachStderr: true,
		Cmd: command,
		Env: Object.entries(environment).map(([variable, value]) => `${variable}=${value}`),
	});
	const stream = await exec.start({ hijack: true, stdin: false });
	let output = '';
	const sink = new Writable({
		write: (chunk: Buffer, _encoding, callback) => {
			output += chunk.toString();
			callback();
		},
	});
	(container.modem as Docker['modem']).demuxStream(stream, sink, sink);
	await new Promise((resolve) => stream.once('close', resolve));
	const { ExitCode } = await exec.inspect();
	if (ExitCode !== 0) throw new Error(`${command.join(' ')} ended with ${ExitCode}: ${output}`);
	return output.trimEnd();
}

async function untilReady(container: Docker.Container, probe: () => Promise<unknown>): Promise<void> {
	for (let attempt = 0; ; attempt++) {
		try {
			await probe();
			return;
		} catch (error) {
			const { State } = await container.inspect();
			if (attempt === 100 || !State.Running) {
				const log = await container.logs({ stdout: true, stderr: true, tail: 30 });
				await container.remove({ force: true, v: true });
				throw new Error(`A container did not get ready:\n${log.toString()}`, { cause: error });
			}
			await wait(100);
		}
	}
}
