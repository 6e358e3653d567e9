import type { PostgresServer } from './postgres.ts';
import type { RedisServer } from './redis.ts';

/** libpq's environment; no database unless one is named. */
export function libpqEnvironment(
	{ host, port, user, password }: PostgresServer,
	database?: string,
): Record<string, string> {
	return {
		PGHOST: host,
		PGPORT: String(port),
		PGUSER: user,
		PGPASSWORD: password,
		...(database !== undefined && { PGDATABASE: database }),
	};
}

/** As a container of an n8n in queue mode has it. */
export function queueModeEnvironment(postgres: PostgresServer, redis: RedisServer): Record<string, string> {
	return {
		DB_TYPE: 'postgresdb',
		DB_POSTGRESDB_HOST: postgres.host,
		DB_POSTGRESDB_PORT: String(postgres.port),
		DB_POSTGRESDB_USER: postgres.user,
		DB_POSTGRESDB_PASSWORD: postgres.password,
		EXECUTIONS_MODE: 'queue',
		QUEUE_BULL_REDIS_HOST: redis.host,
		QUEUE_BULL_REDIS_PORT: String(redis.port),
		QUEUE_BULL_REDIS_PASSWORD: redis.password ?? '',
	};
}
