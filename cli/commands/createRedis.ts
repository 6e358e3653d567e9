import type { Command } from 'commander';
import type { AddCommand } from '../command';
import { commonOf } from '../create/common';
import { createBackups } from '../create/createBackups';
import { planSnapshot } from '../create/plans';
import { addRecipientOptions, type RecipientOptions } from '../options/create';
import { addRedisOptions, redisConnection, type RedisOptions } from '../options/redis';

interface Options extends RedisOptions, RecipientOptions {}

/** `create redis`: everything that a server holds. */
export const addCreateRedis: AddCommand = (parent, run) => {
	const command = parent.command('redis').description('save everything that the server holds as an RDB file');
	addRecipientOptions(addRedisOptions(command)).action((options: Options, self: Command) =>
		run(self, async (tools) => {
			const common = await commonOf(options, tools);
			const connection = await redisConnection(options, tools);
			const plan = planSnapshot(() => connection, tools.globals.prefix);
			return await createBackups([plan], common, tools);
		}),
	);
};
