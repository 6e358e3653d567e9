import { setTimeout as wait } from 'node:timers/promises';
import type { OnProgress } from '../../artifact/source';
import { type Container, type DockerClient, listContainers } from '../../docker';
import { BackupError, cancelledError } from '../../errors';
import type { RedisCommands } from '../protocol/client';
import { describeServer } from '../connection';
import type { RdbFacts } from '../rdb/rdbInspector';
import { countKeys, readInfo } from '../serverFacts';
import { holdsAll } from './holdsAll';

export interface Loading {
	client: DockerClient;
	container: Container;
	redis: RedisCommands;
	onProgress?: OnProgress;
}

const pollMs = 250;
/** A server that was started answers at once, also while it loads. */
const silenceMs = 60_000;

/**
 * Waits until a server whose container was just started has loaded its data; answers what it then says of itself.
 *
 * @throws BackupError `server` when the container ends, or the server does not answer for a minute
 */
export async function untilLoaded(loading: Loading, signal: AbortSignal): Promise<Map<string, string>> {
	const { redis, onProgress } = loading;
	const server = describeServer(redis.connection);
	for (let lastSign = performance.now(); ; await pause(signal)) {
		try {
			const info = await readInfo(redis);
			if (info.get('loading') === '0') return info;
			lastSign = performance.now();
			onProgress?.({
				step: `${server} loads the data`,
				rawBytes: Number(info.get('loading_loaded_bytes') ?? 0),
			});
		} catch (error) {
			if (signal.aborted) throw cancelledError(error);
			await assertStillRunning(loading, error);
			if (performance.now() - lastSign > silenceMs) throw error;
		}
	}
}

async function pause(signal: AbortSignal): Promise<void> {
	await wait(pollMs, undefined, { signal }).catch((error: unknown) => {
		throw cancelledError(error);
	});
}

async function assertStillRunning({ client, container }: Loading, cause: unknown): Promise<void> {
	const { id, name } = container;
	const now = (await listContainers(client)).find((candidate) => candidate.id === id);
	if (now?.state === 'running') return;
	throw new BackupError('server', `Redis in ${name} did not start on the restored data`, {
		advice: `See docker logs ${name} for its reason`,
		cause,
	});
}

/**
 * Compares what the server has loaded with what the RDB holds. Since Redis 7 it says how many keys it has read,
 * whatever clients have written since; before, keys whose time has come may be missing.
 *
 * @returns the keys that the server has now
 * @throws BackupError `incomplete`
 */
export function assertLoaded(info: Map<string, string>, rdb: RdbFacts, server: string): number {
	const keys = countKeys(info);
	const { keys: wanted, expiring } = rdb;
	const loaded = info.get('rdb_last_load_keys_loaded');
	const expired = Number(info.get('rdb_last_load_keys_expired') ?? 0);
	// Clients may have written since, where the server does not tell what it has loaded.
	const isWhole =
		loaded === undefined
			? keys >= (wanted ?? 0) - rdb.emptyKeys - expiring
			: holdsAll(Number(loaded) + expired, rdb);
	if (isWhole) return keys;
	throw new BackupError(
		'incomplete',
		`${server} has loaded ${loaded ?? keys} keys after the restore where the RDB has ${wanted}`,
		{
			advice:
				'See whether it is started with other files than it was running with (dir, dbfilename, appendonly)',
		},
	);
}
