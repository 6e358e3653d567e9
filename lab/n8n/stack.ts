import { randomBytes } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { root } from '../../scripts/lib/paths.ts';
import { step } from '../../scripts/lib/step.ts';
import { startPostgres, type PostgresServer } from '../servers/postgres.ts';
import { startRedis, type RedisServer } from '../servers/redis.ts';
import { Editor } from './editor.ts';
import { ensureN8n } from './ensureN8n.ts';
import type { N8nOptions } from './environment.ts';
import { installPackage, packPackage } from './installPackage.ts';
import { ensureSqliteAddon } from './sqliteAddon.ts';
import { startN8n, type N8n } from './startN8n.ts';

/** The database that n8n runs on, as n8n's own `postgres` credential would name it. */
export type N8nDatabase = NonNullable<N8nOptions['database']>;

/** What everybody has who runs n8n, whatever it keeps its data in: n8n and its files. */
export interface N8nWithFiles {
	/** Holds everything; n8n may read and write below it. Removed by stop(). */
	directory: string;
	/** An empty directory for backups. */
	backupDirectory: string;
	/** n8n's data folder, `.n8n`. */
	n8nDataDirectory: string;
	/** The `.env` file of the compose project, encryption key included. */
	envFile: string;
	/** The Compose file beside it. */
	composeFile: string;
	n8n: N8n;
	editor: Editor;
	stop(): Promise<void>;
}

/** What a person has who runs n8n with Docker Compose, without Docker: n8n, its database, its queue, its files. */
export interface Stack extends N8nWithFiles {
	postgres: PostgresServer;
	database: N8nDatabase;
	redis: RedisServer & { password: string };
}

export interface StackOptions {
	timezone?: string;
	/** Added to n8n's environment. */
	env?: NodeJS.ProcessEnv;
	/** How the packed package gets into n8n's folder; as n8n's editor does it when undefined. */
	install?: (userFolder: string, tarball: string) => Promise<void>;
}

/** n8n refuses nothing older, but supports PostgreSQL 17 and newer. */
const postgresMajor = 17;

/** Starts the servers and an n8n with the package of dist/ in it, all of its own in a throw-away directory. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
	return await building(async (cleanUps) => {
		const places = await layOut(cleanUps);
		const postgres = await step('PostgreSQL', () => startPostgres({ major: postgresMajor }));
		cleanUps.push(() => postgres.stop());
		const database = await createN8nDatabase(postgres);
		const password = secret();
		const redis = await step('Redis', () => startRedis({ password }));
		cleanUps.push(() => redis.stop());
		const started = await startWithPackage({ places, database, ...options }, cleanUps, {
			POSTGRES_USER: database.user,
			POSTGRES_PASSWORD: database.password,
			POSTGRES_DB: database.database,
			REDIS_PASSWORD: password,
		});
		return { ...places, postgres, database, redis: { ...redis, password }, ...started };
	});
}

/** As {@link startStack}, of an n8n as it is without any setting: its data in SQLite, no queue, no server. */
export async function startSqliteStack(options: StackOptions = {}): Promise<N8nWithFiles> {
	await step('n8n’s SQLite', async () => await ensureSqliteAddon(await ensureN8n()));
	return await building(async (cleanUps) => {
		const places = await layOut(cleanUps);
		return { ...places, ...(await startWithPackage({ places, ...options }, cleanUps)) };
	});
}

type CleanUps = Array<() => Promise<void>>;

/** Whatever has been started is stopped in reverse: by stop(), or at once when something does not start. */
async function building<Built extends object>(
	build: (cleanUps: CleanUps) => Promise<Built>,
): Promise<Built & { stop(): Promise<void> }> {
	const cleanUps: CleanUps = [];
	const stop = async () => {
		for (let cleanUp = cleanUps.pop(); cleanUp; cleanUp = cleanUps.pop()) await cleanUp();
	};
	try {
		return { ...(await build(cleanUps)), stop };
	} catch (error) {
		await stop();
		throw error;
	}
}

interface ToStart extends StackOptions {
	places: Places;
	/** Undefined: SQLite. */
	database?: N8nDatabase;
}

async function startWithPackage(
	{ places, database, timezone, env, install = installPackage }: ToStart,
	cleanUps: CleanUps,
	envFile: Record<string, string> = {},
): Promise<{ n8n: N8n; editor: Editor }> {
	const encryptionKey = secret();
	await writeEnvFile(places.envFile, { N8N_ENCRYPTION_KEY: encryptionKey, ...envFile });
	await copyFile(join(root, 'deploy', 'compose.yaml'), places.composeFile);
	await step('Installing the package into n8n', async () => {
		await install(places.userFolder, await packPackage(places.directory));
	});
	const n8n = await step('n8n', () =>
		startN8n({
			userFolder: places.userFolder,
			database,
			timezone,
			allowedPaths: [places.directory],
			env: {
				N8N_ENCRYPTION_KEY: encryptionKey,
				// Stands in for the second, read-only mount of n8n's data that a container would have.
				N8N_BLOCK_FILE_ACCESS_TO_N8N_FILES: 'false',
				...env,
			},
		}),
	);
	cleanUps.push(() => n8n.stop());
	return { n8n, editor: await Editor.open(n8n.url) };
}

const secret = (): string => randomBytes(24).toString('base64url');

type Places = Awaited<ReturnType<typeof layOut>>;

async function layOut(cleanUps: CleanUps) {
	const directory = await mkdtemp(join(tmpdir(), 'n8n-nodes-backup-'));
	cleanUps.push(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }));
	const userFolder = join(directory, 'n8n');
	const project = join(directory, 'project');
	const backupDirectory = join(directory, 'backups');
	for (const folder of [userFolder, project, backupDirectory]) await mkdir(folder);
	return {
		directory,
		userFolder,
		n8nDataDirectory: join(userFolder, '.n8n'),
		backupDirectory,
		envFile: join(project, '.env'),
		composeFile: join(project, 'compose.yaml'),
	};
}

/** As a compose file does it: a role and a database of n8n's own, the role no superuser. */
async function createN8nDatabase(postgres: PostgresServer): Promise<N8nDatabase> {
	const password = secret();
	// Under Docker Compose it is a superuser; drills and restores need no more than to create databases.
	await postgres.query(`CREATE ROLE n8n LOGIN CREATEDB PASSWORD ${pg.escapeLiteral(password)}`);
	await postgres.createDatabase('n8n', 'OWNER n8n');
	return { host: postgres.host, port: postgres.port, user: 'n8n', password, database: 'n8n' };
}

async function writeEnvFile(path: string, values: Record<string, string>): Promise<void> {
	const lines = Object.entries({ ...values, GENERIC_TIMEZONE: 'Europe/Berlin' }).map(
		([name, value]) => `${name}=${value}\n`,
	);
	await writeFile(path, ['# Read by docker compose. Keep it secret.\n', ...lines].join(''), { mode: 0o600 });
}
