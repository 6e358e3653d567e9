import { type Command, Option } from 'commander';
import { describeServer, type RedisConnection } from '../../core/redis/connection';
import type { CommandTools } from '../command';
import { readIfNamed } from './files';
import { wholeNumber } from './numbers';
import { addPasswordOptions, type PasswordOptions, readPassword } from './password';

export interface RedisOptions extends PasswordOptions {
	host: string;
	port: number;
	user?: string;
	tls?: boolean;
	tlsCa?: string;
	insecure?: boolean;
}

export function addRedisOptions(command: Command): Command {
	command
		.option('--host <name>', 'the server', 'localhost')
		.addOption(new Option('--port <number>').argParser(wholeNumber(1, 65535)).default(6379))
		.option('--user <name>', 'an ACL user; the default user otherwise')
		.option('--tls', 'connect by TLS')
		.option('--tls-ca <path>', 'the authority that signed the server’s certificate')
		.option('--insecure', 'accept any certificate');
	return addPasswordOptions(command, 'REDISCLI_AUTH');
}

/** The connection that options and environment describe; throws for files that cannot be read. */
export async function redisConnection(
	options: RedisOptions,
	tools: Pick<CommandTools, 'terminal' | 'signal'>,
): Promise<RedisConnection> {
	const { host, port, user, insecure } = options;
	const tls = options.tls
		? { verifyCertificate: !insecure, ca: await readIfNamed(options.tlsCa) }
		: undefined;
	const server = describeServer({ host, port });
	const password = await readPassword(options, { variable: 'REDISCLI_AUTH', server }, tools);
	return { host, port, user, password, tls };
}
