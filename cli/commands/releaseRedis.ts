import type { Command } from 'commander';
import { withRedis } from '../../core/redis/protocol/client';
import { describeServer } from '../../core/redis/connection';
import { type Following, readFollowing, releaseServer } from '../../core/redis/restore/crashedRestore';
import { confirm } from '../ask';
import type { AddCommand } from '../command';
import { exitCodes } from '../exitCodes';
import { addRedisOptions, redisConnection, type RedisOptions } from '../options/redis';

interface Options extends RedisOptions {
	yes?: boolean;
}

/** `release redis`: makes a server a master again that a restore has left as a replica, because it crashed. */
export const addRelease: AddCommand = (parent, run) => {
	const command = parent
		.command('release')
		.description('undo what a restore left behind that crashed')
		.command('redis')
		.description('make a server a master again that a crashed restore has left as a replica')
		.option('--yes', 'do not ask, also where nobody can tell what it follows');
	addRedisOptions(command).action((options: Options, self: Command) =>
		run(self, async (tools) => {
			const connection = await redisConnection(options, tools);
			const server = describeServer(connection);
			const following = await withRedis(connection, { signal: tools.signal }, readFollowing);
			if (following.state === 'master') {
				tools.output.result({ server, released: false });
				tools.output.say(`${server} is a master; there is nothing to release.`);
				return exitCodes.ok;
			}
			if (following.state === 'replica') {
				const consequence = `${server} is ${describe(following)}. This makes it a master of its own.`;
				await confirm({ consequence, word: 'release', yes: options.yes }, tools.terminal, tools.signal);
			}
			await withRedis(connection, { signal: tools.signal }, releaseServer);
			tools.output.result({ server, released: true, followed: following.of });
			tools.output.say(
				`✓ ${server} is a master again; it was ${describe(following)}. See whether its data is what you expect.`,
			);
			return exitCodes.ok;
		}),
	);
};

function describe(following: Exclude<Following, { state: 'master' }>): string {
	if (following.state === 'left-behind') {
		const { of, begunAt } = following;
		return `left a replica of ${of} by a restore${begunAt ? ` of ${begunAt.toISOString()}` : ''} that crashed`;
	}
	const { of, isLinkUp, downSeconds } = following;
	if (isLinkUp) return `a replica of ${of}, with which it is in contact`;
	return `a replica of ${of}, without contact${downSeconds === undefined ? '' : ` for ${downSeconds} seconds`}`;
}
