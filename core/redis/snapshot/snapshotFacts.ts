import type { EngineName } from '../../artifact/component';
import type { SourceFacts } from '../../artifact/source';
import { BackupError } from '../../errors';
import { packageVersion } from '../../version';
import type { RedisConnection } from '../connection';
import type { RdbFacts } from '../rdb/rdbInspector';
import type { ServerFacts } from '../serverFacts';

export interface Snapshot {
	connection: RedisConnection;
	server: ServerFacts;
	engine: EngineName;
	/** The verdict on the bytes; undefined where they were never read to their end. */
	rdb: RdbFacts | undefined;
	/** Where the file lay, where there was one. */
	path?: string;
	warnings?: string[];
}

/** What the manifest says of a snapshot. */
export function snapshotFacts({ connection, server, engine, rdb, path, warnings }: Snapshot): SourceFacts {
	if (!rdb) {
		throw new BackupError('incomplete', 'The snapshot was not read to its end', { advice: 'Run it again' });
	}
	return {
		source: {
			host: connection.host,
			port: connection.port,
			serverVersion: server.version ?? rdb.aux['redis-ver'],
			path,
		},
		engine: { name: engine, version: packageVersion },
		census: {
			kind: 'redis',
			keys: rdb.keys ?? server.keys,
			rdbVersion: rdb.version,
			checksum: rdb.checksum,
		},
		warnings: [...(warnings ?? []), ...rdb.warnings, ...keyWarnings(rdb, server), ...clusterWarnings(server)],
	};
}

function keyWarnings(rdb: RdbFacts, server: ServerFacts): string[] {
	if (rdb.keys !== undefined || server.keys === undefined) return [];
	return ['The number of keys is the server’s own count from before the snapshot'];
}

function clusterWarnings(server: ServerFacts): string[] {
	if (!server.cluster) return [];
	return ['This server is one node of a cluster: the snapshot holds the slots of this node only'];
}
