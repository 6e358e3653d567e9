import { execFileSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type Docker from 'dockerode';
import type { DockerEngine } from '../../../lab/servers/docker';
import { execute, redisCli } from '../../../lab/servers/dockerContainers';
import type { NodeEngine } from '../../../lab/nodeEngine/nodeEngine';
import type { OperationRow } from './operations';

export interface Containers {
	docker: DockerEngine;
	/** `db`, whose standard database has a table `item` of 3 rows. */
	postgres: Docker.Container;
	/** `queue`. */
	redis: Docker.Container;
	/** `worker`, which has the volume `data` at /data. */
	worker: Docker.Container;
	engine: NodeEngine;
}

export const dockerOperationNames = [
	'postgresBackup backUp docker',
	'redisSnapshot takeSnapshot docker',
	'redisSnapshot restore docker',
	'volumeArchive archive docker',
	'volumeArchive restore docker',
] as const;

/** What goes through the Docker Engine API. Each fails when what is named is not there. */
export function dockerOperations(
	containers: () => Containers,
): Record<(typeof dockerOperationNames)[number], Omit<OperationRow, 'name'>> {
	const credentials = () => ({
		dockerEngineApi: { connectBy: 'socket', socketPath: containers().docker.socketPath },
		redis: { host: 'means nothing here', port: 1 },
	});
	const call = async (place: string, parameters: object) => ({
		parameters: { backupDirectory: await backups(place), simplify: false, ...parameters },
		credentials: credentials(),
	});
	/** A backup to begin with, made by the node itself. */
	const after = async (place: string, node: string, operation: string, parameters: object, more: object) => {
		const made = await call(place, parameters);
		const { error } = await containers().engine.run({
			node,
			credentials: made.credentials,
			parameters: { operation, engine: 'docker', ...made.parameters },
		});
		expect(error).toBeUndefined();
		return { ...made, parameters: { ...made.parameters, ...more } };
	};
	const inContainer = (name: string) => ({ container: { mode: 'name', value: name } });
	const ofVolume = (name: string) => ({ volume: { mode: 'name', value: name } });
	const notThere = { message: /absent/, description: /\S/ };

	return {
		'postgresBackup backUp docker': {
			works: async (place) => await call(place, inContainer('db')),
			judge: ([item]) => {
				expect(item).toMatchObject({ engine: { name: 'docker' }, census: { tables: { 'public.item': 3 } } });
				expect(execFileSync('gunzip', ['-c', item!.path as string]).toString()).toContain('COPY public.item');
			},
			fails: async (place) => await call(place, inContainer('absent')),
			says: notThere,
		},
		'redisSnapshot takeSnapshot docker': {
			works: async (place) => await call(place, inContainer('queue')),
			judge: ([item]) => {
				expect(item).toMatchObject({ engine: { name: 'docker' } });
				expect(execFileSync('redis-check-rdb', [item!.path as string]).toString()).toContain('RDB looks OK');
			},
			fails: async (place) => await call(place, inContainer('absent')),
			says: notThere,
		},
		'redisSnapshot restore docker': {
			works: async (place) => {
				const { redis } = containers();
				await redisCli(redis, ['SET', 'k', 'saved']);
				const [queue, confirmation] = [inContainer('queue'), { confirmation: 'replace' }];
				const ready = await after(place, 'redisSnapshot', 'takeSnapshot', queue, confirmation);
				await redisCli(redis, ['SET', 'k', 'lost']);
				return ready;
			},
			judge: async () => expect(await redisCli(containers().redis, ['GET', 'k'])).toBe('saved'),
			fails: async (place) => {
				const absent = { ...inContainer('absent'), confirmation: 'replace' };
				return await after(place, 'redisSnapshot', 'takeSnapshot', inContainer('queue'), absent);
			},
			says: notThere,
		},
		'volumeArchive archive docker': {
			works: async (place) => {
				await execute(containers().worker, ['sh', '-c', 'echo kept > /data/file']);
				return await call(place, ofVolume('data'));
			},
			judge: async ([item]) => {
				expect(item).toMatchObject({ engine: { name: 'docker' } });
				expect(execFileSync('tar', ['-tzf', item!.path as string]).toString()).toMatch(/^(\.\/)?file$/m);
				expect(await containers().docker.containerIds()).toHaveLength(3);
			},
			fails: async (place) => await call(place, ofVolume('absent')),
			says: notThere,
		},
		'volumeArchive restore docker': {
			works: async (place) => {
				const { worker } = containers();
				await execute(worker, ['sh', '-c', 'echo kept > /data/file']);
				const ready = await after(place, 'volumeArchive', 'archive', ofVolume('data'), {
					kind: 'n8n',
					options: { stop: 'worker', overwrite: true },
				});
				await execute(worker, ['sh', '-c', 'echo lost > /data/file']);
				return ready;
			},
			judge: async () => {
				const show = 'read line < /data/file; echo "$line"';
				expect(await execute(containers().worker, ['sh', '-c', show])).toBe('kept');
				expect(await containers().docker.containerIds()).toHaveLength(3);
			},
			fails: async (place) => {
				const absent = { kind: 'n8n', ...ofVolume('absent') };
				return await after(place, 'volumeArchive', 'archive', ofVolume('data'), absent);
			},
			says: notThere,
		},
	};
}

async function backups(place: string): Promise<string> {
	const path = join(place, 'backups');
	await mkdir(path);
	return path;
}
