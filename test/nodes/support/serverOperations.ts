import { execFileSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { PostgresServer } from '../../../lab/servers/postgres';
import type { RedisServer } from '../../../lab/servers/redis';
import type { NodeEngine } from '../../../lab/nodeEngine/nodeEngine';
import type { OperationRow } from './operations';

export interface Servers {
	postgres: PostgresServer;
	redis: RedisServer;
	engine: NodeEngine;
}

export const serverOperationNames = [
	'postgresBackup backUp built-in',
	'postgresBackup backUp local',
	'postgresBackup drill',
	'postgresBackup restore',
	'postgresBackup restore: replace',
	'redisSnapshot takeSnapshot built-in',
	'redisSnapshot takeSnapshot local',
	'redisSnapshot restore built-in',
] as const;

const nothingAnswers = { message: /127\.0\.0\.1:1\b/, description: /\S/ };

/** What needs PostgreSQL or Redis. The server's database `app` has a table `item` of 3 rows, Redis a key `k`. */
export function serverOperations(
	servers: () => Servers,
): Record<(typeof serverOperationNames)[number], Omit<OperationRow, 'name'>> {
	const credentials = (port?: number) => {
		const { postgres, redis } = servers();
		const { host, user, password } = postgres;
		return {
			postgres: { host, user, password, database: 'app', ssl: 'disable', port: port ?? postgres.port },
			redis: { host: redis.host, port: port ?? redis.port },
		};
	};
	const call = async (place: string, parameters: object = {}, port?: number) => ({
		parameters: { backupDirectory: await backups(place), ...parameters },
		credentials: credentials(port),
	});
	/** A backup to begin with, made by the node itself. */
	const after = async (
		place: string,
		node: string,
		operation: string,
		{ port, ...parameters }: { port?: number; [name: string]: unknown } = {},
	) => {
		const made = await call(place);
		const { error } = await servers().engine.run({
			node,
			credentials: made.credentials,
			parameters: { operation, ...made.parameters },
		});
		expect(error).toBeUndefined();
		return {
			parameters: { ...made.parameters, ...parameters },
			credentials: credentials(port),
		};
	};
	const rowsIn = async (database: string) =>
		await servers().postgres.psql('SELECT count(*) FROM item', { database });
	const databases = async () =>
		(await servers().postgres.psql('SELECT datname FROM pg_database ORDER BY 1')).split('\n');

	const backUp = (engine: string): Omit<OperationRow, 'name'> => ({
		works: async (place) => await call(place, { simplify: false }),
		judge: ([item]) => {
			expect(item).toMatchObject({ engine: { name: engine }, census: { tables: { 'public.item': 3 } } });
			expect(execFileSync('gunzip', ['-c', item!.path as string]).toString()).toContain('COPY public.item');
		},
		fails: async (place) => await call(place, {}, 1),
		says: nothingAnswers,
	});
	const takeSnapshot = (engine: string): Omit<OperationRow, 'name'> => ({
		works: async (place) => {
			// Beside the server, n8n must be allowed to read its file.
			const dir = join(place, 'redis');
			await mkdir(dir);
			await servers().redis.cli('CONFIG', 'SET', 'dir', dir);
			return await call(place, { simplify: false });
		},
		judge: ([item]) => {
			expect(item).toMatchObject({ engine: { name: engine }, census: { keys: 1 } });
			expect(execFileSync('redis-check-rdb', [item!.path as string]).toString()).toContain('RDB looks OK');
		},
		fails: async (place) => await call(place, {}, 1),
		says: nothingAnswers,
	});

	return {
		'postgresBackup backUp built-in': backUp('built-in'),
		'postgresBackup backUp local': backUp('local'),
		'postgresBackup drill': {
			works: async (place) => await after(place, 'postgresBackup', 'backUp', { drillPlace: 'server' }),
			judge: async ([item]) => {
				expect(item).toMatchObject({ result: 'passed' });
				expect((await databases()).filter((name) => /drill/.test(name))).toEqual([]);
			},
			fails: async (place) =>
				await after(place, 'postgresBackup', 'backUp', { port: 1, drillPlace: 'server' }),
			says: {
				message: /Whether .* can be restored is unknown, since the drill could not be done: .*127\.0\.0\.1:1/,
				description: /\S/,
			},
		},
		'postgresBackup restore': {
			works: async (place) => {
				await servers().postgres.query('DROP DATABASE IF EXISTS fresh');
				return await after(place, 'postgresBackup', 'backUp', { target: 'new', newDatabase: 'fresh' });
			},
			judge: async () => expect(await rowsIn('fresh')).toBe('3'),
			fails: async (place) =>
				await after(place, 'postgresBackup', 'backUp', { target: 'new', newDatabase: 'app' }),
			says: { message: /\bapp\b/, description: /\S/ },
		},
		'postgresBackup restore: replace': {
			works: async (place) => {
				await servers().postgres.query('DROP DATABASE IF EXISTS old');
				await servers().postgres.createDatabase('old');
				return await after(place, 'postgresBackup', 'backUp', {
					...{ target: 'replace', replaceDatabase: 'old', confirmation: 'old' },
				});
			},
			judge: async ([item]) => {
				expect(item).toMatchObject({ database: 'old', safetyBackup: expect.any(String) as string });
				expect(await rowsIn('old')).toBe('3');
				await servers().postgres.query(`DROP DATABASE "${item!.replacedDatabase as string}"`);
			},
			fails: async (place) =>
				await after(place, 'postgresBackup', 'backUp', {
					...{ target: 'replace', replaceDatabase: 'app', confirmation: 'ap' },
				}),
			says: {
				message: /The name that confirms the replacement is not the database’s/,
				description: /Type the name of the database to replace into Confirm; nothing was changed/,
			},
		},
		'redisSnapshot takeSnapshot built-in': takeSnapshot('built-in'),
		'redisSnapshot takeSnapshot local': takeSnapshot('local'),
		'redisSnapshot restore built-in': {
			works: async (place) => {
				await servers().redis.cli('SET', 'k', 'saved');
				const ready = await after(place, 'redisSnapshot', 'takeSnapshot', { confirmation: 'replace' });
				await servers().redis.cli('SET', 'k', 'lost');
				return ready;
			},
			judge: async () => expect(await servers().redis.cli('GET', 'k')).toBe('saved'),
			fails: async (place) => await after(place, 'redisSnapshot', 'takeSnapshot', { confirmation: 'yes' }),
			says: {
				message: /The restore is not confirmed/,
				description: /Type “replace” into Confirm; nothing was changed/,
			},
		},
	};
}

async function backups(place: string): Promise<string> {
	const path = join(place, 'backups');
	await mkdir(path);
	return path;
}
