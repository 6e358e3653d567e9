import type { RedisServer } from '../servers/redis.ts';

/**
 * Fills Redis with what n8n's queue mode keeps there: Bull's job hashes, its lists of waiting and sets of
 * finished jobs, a lock that expires, and n8n's own cache.
 */
export async function seedRedis(redis: RedisServer, jobs: number): Promise<void> {
	const commands = Array.from({ length: jobs }, (_, index) => jobCommands(index + 1));
	await redis.pipe(
		[
			`SET bull:jobs:id ${jobs}`,
			...commands.flat(),
			'SET bull:jobs:stalled-check 1700000000000 PX 86400000',
			'HSET n8n:cache:variables key1 value1 key2 "two words"',
			'XADD n8n:events * type workflow-finished id 1',
			'',
		].join('\n'),
	);
}

function jobCommands(id: number): string[] {
	const data = JSON.stringify({
		workflowId: `workflow${id % 40}`,
		executionId: String(id),
		loadStaticData: true,
	});
	return [
		`HSET bull:jobs:${id} name job data ${JSON.stringify(data)} timestamp ${1_700_000_000_000 + id} attemptsMade 1`,
		id % 50 === 0 ? `LPUSH bull:jobs:wait ${id}` : `ZADD bull:jobs:completed ${1_700_000_000_000 + id} ${id}`,
	];
}
