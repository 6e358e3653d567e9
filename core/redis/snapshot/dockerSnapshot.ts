import { finished as streamEnd, pipeline } from 'node:stream/promises';
import type { OpenSource, SourceFacts } from '../../artifact/source';
import {
	connectDocker,
	type DockerConnection,
	findContainer,
	readContainerFile,
	recoverLeftovers,
} from '../../docker';
import { ContainerRedis, type ContainerRedisLogin } from '../protocol/containerRedis';
import { assertOfThisSave, rdbPathOf } from './localSnapshot';
import { RdbCheck } from '../rdb/inspectRdb';
import { releaseLeftBehind } from '../restore/crashedRestore';
import { saveRdb } from './save';
import { readServerFacts } from '../serverFacts';
import { readSetting } from '../serverSettings';
import { snapshotFacts } from './snapshotFacts';

export interface DockerSnapshotOptions extends ContainerRedisLogin {
	/** Milliseconds until the save is given up, the wait for another one included; an hour when undefined. */
	saveTimeoutMs?: number;
}

/**
 * Engine `docker`: the server is told to save by the redis-cli inside its container, and when this very save is
 * finished, the engine's archive call brings the RDB file out.
 *
 * It fails with `server` where the save failed, as on a full or read-only disk, and with `not-found` where the
 * file lies on a tmpfs, which the archive call does not reach. A server that persists by an append-only file is
 * saved all the same; a warning says what restoring has to heed.
 *
 * @param reference of the container, as `findContainer` understands it
 */
export function dockerSnapshot(
	connection: DockerConnection,
	reference: string,
	options: DockerSnapshotOptions = {},
): OpenSource {
	return async (signal) => {
		const client = await connectDocker(connection);
		const warnings = await recoverLeftovers(client, signal);
		const container = await findContainer(client, reference, signal);
		const redis = new ContainerRedis(client, container, options, signal);
		const server = await readServerFacts(redis);
		const released = await releaseLeftBehind(redis);
		if (released) warnings.push(released);
		const path = await rdbPathOf(redis);
		if ((await readSetting(redis, 'appendonly')) === 'yes') warnings.push(appendOnlyWarning(redis));

		const begunAt = await saveRdb(redis, options.saveTimeoutMs ?? 3_600_000, signal);
		const file = await readContainerFile(client, container, path, signal);
		const check = new RdbCheck();
		pipeline(file.stream, check, { signal }).catch(() => {
			// Its reader learns of it, and so does `finished`.
		});
		const finished = streamEnd(check, { cleanup: true }).then((): SourceFacts => {
			assertOfThisSave(check.facts, begunAt, path);
			const facts = snapshotFacts({
				connection: redis.connection,
				server,
				engine: 'docker',
				rdb: check.facts,
				warnings,
			});
			const { serverVersion } = facts.source;
			return { ...facts, source: { container: container.name, path, serverVersion } };
		});
		finished.catch(() => {});
		return { stream: check, finished };
	};
}

function appendOnlyWarning({ connection }: ContainerRedis): string {
	return `Redis in ${connection.host} loads its append-only file when it starts, not an RDB: to restore this snapshot, switch appendonly off first or use this package’s restore`;
}
