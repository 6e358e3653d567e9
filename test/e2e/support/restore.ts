import { execFile } from 'node:child_process';
import { cp, mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { run } from '../../../scripts/lib/run.ts';
import type { PostgresServer } from '../../../lab/servers/postgres.ts';
import { startRedis, type RedisServer } from '../../../lab/servers/redis.ts';

/** Restores a dump with plain tools into a new, empty database: `gunzip -c FILE | psql`. */
export async function restoreDump(
	postgres: PostgresServer,
	artifact: string,
	database: string,
): Promise<void> {
	await postgres.createDatabase(database);
	const { stdout } = await promisify(execFile)('gunzip', ['-c', artifact], {
		encoding: 'buffer',
		maxBuffer: 2 ** 30,
	});
	await postgres.client('psql', ['-X', '-q', '-v', 'ON_ERROR_STOP=1'], { database, input: stdout });
}

/** Starts a new Redis on a copy of a snapshot. */
export async function startRedisOn(artifact: string, directory: string): Promise<RedisServer> {
	await mkdir(directory);
	await cp(artifact, join(directory, basename(artifact)));
	return await startRedis({ rdb: { dir: directory, file: basename(artifact) } });
}

/** Unpacks an archive with plain `tar x` into a new directory. */
export async function unpack(artifact: string, directory: string): Promise<void> {
	await mkdir(directory);
	await run('tar', ['-xzf', artifact, '-C', directory]);
}
