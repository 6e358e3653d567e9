import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { step } from '../../scripts/lib/step.ts';
import { startPostgres, type PostgresServer } from '../servers/postgres.ts';
import { startRedis, type RedisServer } from '../servers/redis.ts';
import { Editor } from './editor.ts';
import type { N8nOptions } from './environment.ts';
import { installPackage, packPackage } from './installPackage.ts';
import { startN8n, type N8n } from './startN8n.ts';

/** The database that n8n runs on, as n8n's own `postgres` credential would name it. */
export type N8nDatabase = N8nOptions['database'];

/** What a person has who runs n8n with Docker Compose, without Docker: n8n, its database, its queue, its files. */
export interface Stack {
	/** Holds everything; n8n may read and write below it. Removed by stop(). */
	directory: string;
	/** An empty directory for backups. */
	backupDirectory: string;
	/** n8n's data folder, `.n8n`. */
	n8nDataDirectory: string;
	/** The `.env` file of the compose project, encryption key included. */
	envFile: string;
	postgres: PostgresServer;
	database: N8nDatabase;
	redis: RedisServer & { password: string };
	n8n: N8n;
	editor: Editor;
	stop(): Promise<void>;
}

/** n8n refuses nothing older, but supports PostgreSQL 17 and newer. */
const postgresMajor = 17;

/** Starts the servers and an n8n with the package of dist/ in it, all of its own in a throw-away directory. */
export async function startStack({ timezone }: { timezone?: string } = {}): Promise<Stack> {
	const cleanUps: Array<() => Promise<void>> = [];
	const stop = async () => {
		for (let cleanUp = cleanUps.pop(); cleanUp; cleanUp = cleanUps.pop()) await cleanUp();
	};
	try {
		const directory = await mkdtemp(join(tmpdir(), 'n8n-nodes-backup-'));
		cleanUps.push(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }));
		const places = await layOut(directory);

		const postgres = await step('PostgreSQL', () => startPostgres({ major: postgresMajor }));
		cleanUps.push(() => postgres.stop());
		const database = await createN8nDatabase(postgres);

		const password = secret();
		const redis = await step('Redis', () => startRedis({ password }));
		cleanUps.push(() => redis.stop());

		const encryptionKey = secret();
		await writeEnvFile(places.envFile, { database, password, encryptionKey });
		await step('Installing the package into n8n', async () => {
			await installPackage(places.userFolder, await packPackage(directory));
		});
		const n8n = await step('n8n', () =>
			startN8n({
				userFolder: places.userFolder,
				database,
				timezone,
				allowedPaths: [directory],
				env: {
					N8N_ENCRYPTION_KEY: encryptionKey,
					// Stands in for the second, read-only mount of n8n's data that a container would have.
					N8N_BLOCK_FILE_ACCESS_TO_N8N_FILES: 'false',
				},
			}),
		);
		cleanUps.push(() => n8n.stop());
		const editor = await Editor.open(n8n.url);
		return { directory, ...places, postgres, database, redis: { ...redis, password }, n8n, editor, stop };
	} catch (error) {
		await stop();
		throw error;
	}
}

const secret = (): string => randomBytes(24).toString('base64url');

async function layOut(directory: string) {
	const userFolder = join(directory, 'n8n');
	const project = join(directory, 'project');
	const backupDirectory = join(directory, 'backups');
	for (const folder of [userFolder, project, backupDirectory]) await mkdir(folder);
	return {
		userFolder,
		n8nDataDirectory: join(userFolder, '.n8n'),
		backupDirectory,
		envFile: join(project, '.env'),
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

async function writeEnvFile(
	path: string,
	{ database, password, encryptionKey }: { database: N8nDatabase; password: string; encryptionKey: string },
): Promise<void> {
	const values = {
		N8N_ENCRYPTION_KEY: encryptionKey,
		POSTGRES_USER: database.user,
		POSTGRES_PASSWORD: database.password,
		POSTGRES_DB: database.database,
		REDIS_PASSWORD: password,
		GENERIC_TIMEZONE: 'Europe/Berlin',
	};
	const lines = Object.entries(values).map(([name, value]) => `${name}=${value}\n`);
	await writeFile(path, ['# Read by docker compose. Keep it secret.\n', ...lines].join(''), { mode: 0o600 });
}
