import { type Answer, type RedisCommands } from './client';
import { replyError } from '../redisError';
import { type Reply, ReplyError } from './resp';

/** The server to follow: host and port, or nobody. */
export type Followed = [host: string, port: string];
export const nobody: Followed = ['NO', 'ONE'];

/**
 * Has the server follow another one, or nobody. Servers before 5.0 know the command as `SLAVEOF` only.
 *
 * @throws {BackupError} what the server answered, when it is an error
 */
export async function replicaOf(client: RedisCommands, followed: Followed): Promise<Answer> {
	const reply = await client.ask('REPLICAOF', ...followed);
	if (!(reply instanceof ReplyError)) return reply;
	const older = isUnknownCommand(reply) ? await client.ask('SLAVEOF', ...followed) : reply;
	if (!(older instanceof ReplyError)) return older;
	if (isUnknownCommand(older)) throw replyError(reply, client.connection, 'REPLICAOF');
	throw replyError(older, client.connection, older === reply ? 'REPLICAOF' : 'SLAVEOF');
}

/** There is no word of its own for it, but every server says it like this. */
export function isUnknownCommand(reply: Reply): boolean {
	return reply instanceof ReplyError && /^ERR unknown command/i.test(reply.message);
}
