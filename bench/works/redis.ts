import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { startRedis, type RedisServer } from '../../lab/servers/redis.ts';
import { fillRedis, type RedisContent } from '../data/redisKeys.ts';
import type { Bench } from '../harness/bench.ts';

/** An RDB of about 57 MB, and one of a gigabyte; both of a million strings beside a queue's keys. */
export async function measureRedis(bench: Bench): Promise<void> {
	await measureSize(bench, '57 MB', { jobs: 5000, strings: 1_000_000, bytesPerString: 36 });
	if (bench.scale.mode === 'quick') return;
	await measureSize(bench, '1 GB', { jobs: 5000, strings: 1_000_000, bytesPerString: 1000 });
}

async function measureSize(bench: Bench, size: string, content: RedisContent): Promise<void> {
	const server = await startRedis();
	try {
		await fillRedis(server, content);
		const output = join(await bench.emptyDirectory('peers'), 'dump.rdb');
		const ours = `Redis snapshot, built-in, ${size}`;
		const connection = { host: server.host, port: server.port };
		await bench.race(
			[
				bench.ours(ours, (backupDirectory) => ({ kind: 'snapshot', connection, backupDirectory })),
				...bench.peer('redis-cli --rdb', `redis-cli -p ${server.port} --rdb ${output}`),
				{
					name: 'BGSAVE + cp',
					prepare: () => untilIdle(server),
					run: () => saveAndCopy(server, output),
					isAside: true,
				},
			],
			[
				[ours, 'redis-cli --rdb'],
				[ours, 'BGSAVE + cp'],
			],
		);
	} finally {
		await server.stop();
	}
}

/** A save of the server's own, and a copy of its file once it is whole. */
async function saveAndCopy(server: RedisServer, output: string): Promise<number> {
	const started = performance.now();
	const answer = await server.cli('BGSAVE');
	if (answer !== 'Background saving started') throw new Error(`BGSAVE was answered: ${answer}`);
	await untilIdle(server);
	await copyFile(join(server.dir, 'dump.rdb'), output);
	return (performance.now() - started) / 1000;
}

/** Waits for the end of any save, also one for a replica. */
async function untilIdle(server: RedisServer): Promise<void> {
	while (!/rdb_bgsave_in_progress:0/.test(await server.cli('INFO', 'persistence'))) await wait(20);
}
