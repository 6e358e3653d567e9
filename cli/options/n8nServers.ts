import { type Command, Option } from 'commander';
import { n8nPostgres, n8nRedis } from '../../core/environment/n8nServers';
import { hostName } from '../../core/errors';
import { usesPostgres, usesQueue } from '../../core/n8n/environment';
import type { PostgresConnection } from '../../core/postgres/connect/connection';
import type { RedisConnection } from '../../core/redis/connection';
import { wholeNumber } from './numbers';

/** n8n's servers, where its environment does not say them. */
export interface N8nServerOptions {
	postgresHost?: string;
	postgresPort?: number;
	postgresUser?: string;
	postgresDatabase?: string;
	redisHost?: string;
	redisPort?: number;
	redisUser?: string;
}

const port = (flags: string, description: string) =>
	new Option(flags, description).argParser(wholeNumber(1, 65535));

export function addN8nServerOptions(command: Command): Command {
	return command
		.option('--postgres-host <name>', 'n8n’s database (or DB_POSTGRESDB_HOST)')
		.addOption(port('--postgres-port <number>', '(or DB_POSTGRESDB_PORT; 5432)'))
		.option(
			'--postgres-user <name>',
			'(or DB_POSTGRESDB_USER); password from DB_POSTGRESDB_PASSWORD or PGPASSWORD',
		)
		.option('--postgres-database <name>', '(or DB_POSTGRESDB_DATABASE; n8n)')
		.option('--redis-host <name>', 'n8n’s queue (or QUEUE_BULL_REDIS_HOST)')
		.addOption(port('--redis-port <number>', '(or QUEUE_BULL_REDIS_PORT; 6379)'))
		.option(
			'--redis-user <name>',
			'(or QUEUE_BULL_REDIS_USERNAME); password from QUEUE_BULL_REDIS_PASSWORD or REDISCLI_AUTH',
		);
}

/** What finds the connection to n8n's database; undefined where neither options nor environment name a server. */
export function postgresOfN8n(
	{ postgresHost, postgresPort, postgresUser, postgresDatabase }: N8nServerOptions,
	env: NodeJS.ProcessEnv,
): (() => Promise<PostgresConnection>) | undefined {
	if (postgresHost === undefined && !usesPostgres(env)) return undefined;
	return async () => {
		const own = await n8nPostgres(env);
		return {
			...own,
			host: hostName(postgresHost ?? own.host, 'The host of PostgreSQL'),
			port: postgresPort ?? own.port,
			user: postgresUser ?? own.user,
			password: own.password === '' ? (env.PGPASSWORD ?? '') : own.password,
			database: postgresDatabase ?? own.database,
		};
	};
}

/** What finds the connection to n8n's queue; undefined where neither options nor environment name a server. */
export function redisOfN8n(
	{ redisHost, redisPort, redisUser }: N8nServerOptions,
	env: NodeJS.ProcessEnv,
): (() => Promise<RedisConnection>) | undefined {
	if (redisHost === undefined && !usesQueue(env)) return undefined;
	return async () => {
		const own = await n8nRedis(env);
		return {
			...own,
			host: hostName(redisHost ?? own.host, 'The host of Redis'),
			port: redisPort ?? own.port,
			user: redisUser ?? own.user,
			password: own.password ?? env.REDISCLI_AUTH,
		};
	};
}
