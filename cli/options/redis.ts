import { type Command, Option } from 'commander';
import { hostName } from '../../core/errors';
import { describeServer, type RedisConnection } from '../../core/redis/connection';
import type { CommandTools } from '../command';
import { readIfNamed } from './files';
import { portFrom, wholeNumber } from './numbers';
import { addPasswordOptions, type PasswordOptions, readPassword } from './password';

export interface RedisOptions extends PasswordOptions {
	host?: string;
	port?: number;
	user?: string;
	tls?: boolean;
	tlsCa?: string;
	tlsCert?: string;
	tlsKey?: string;
	insecure?: boolean;
}

export function addRedisOptions(command: Command): Command {
	command
		.option('--host <name>', 'the server (or REDIS_HOST; localhost)')
		.addOption(new Option('--port <number>', '(or REDIS_PORT; 6379)').argParser(wholeNumber(1, 65535)))
		.option('--user <name>', 'an ACL user; the default user otherwise')
		.option('--tls', 'connect by TLS')
		.option('--tls-ca <path>', 'the authority that signed the server’s certificate')
		.option('--tls-cert <path>', 'client certificate, for servers that ask for one')
		.option('--tls-key <path>', 'its key')
		.option('--insecure', 'accept any certificate');
	return addPasswordOptions(command, 'REDISCLI_AUTH');
}

/** The connection that options and environment describe; throws for files that cannot be read. */
export async function redisConnection(
	options: RedisOptions,
	tools: Pick<CommandTools, 'terminal' | 'signal'>,
): Promise<RedisConnection> {
	const { user, insecure } = options;
	const { env } = tools.terminal;
	const host = hostName(options.host ?? env.REDIS_HOST ?? 'localhost', 'The host of Redis');
	const port = options.port ?? portFrom(env, 'REDIS_PORT', 6379);
	const tls = options.tls
		? {
				verifyCertificate: !insecure,
				ca: await readIfNamed(options.tlsCa),
				certificate: await readIfNamed(options.tlsCert),
				key: await readIfNamed(options.tlsKey),
			}
		: undefined;
	const server = describeServer({ host, port });
	const password = await readPassword(options, { variable: 'REDISCLI_AUTH', server }, tools);
	return { host, port, user, password, tls };
}
