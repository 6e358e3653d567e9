import { libpqEnvironment } from '../lab/servers/environments.ts';
import { type PostgresOptions, type PostgresServer, startPostgres } from '../lab/servers/postgres.ts';
import { startRedis, type RedisServer } from '../lab/servers/redis.ts';

/** Some megabytes with all that a dump has an order for: types, sequences, keys, indexes, views, functions. */
export const someMegabytes = `
	CREATE TYPE mood AS ENUM ('calm', 'busy');
	CREATE TABLE workflow_entity (id serial PRIMARY KEY, name text NOT NULL, mood mood NOT NULL DEFAULT 'calm');
	CREATE TABLE execution_entity (
		id bigserial PRIMARY KEY, "workflowId" integer NOT NULL REFERENCES workflow_entity, data text, "startedAt" timestamptz);
	CREATE INDEX ON execution_entity ("workflowId", "startedAt");
	CREATE FUNCTION busiest() RETURNS integer LANGUAGE sql AS
		'SELECT "workflowId" FROM execution_entity GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1';
	CREATE VIEW latest AS SELECT "workflowId", max("startedAt") AS at FROM execution_entity GROUP BY 1;
	INSERT INTO workflow_entity (name) SELECT 'workflow ' || n FROM generate_series(1, 200) AS n;
	INSERT INTO execution_entity ("workflowId", data, "startedAt")
		SELECT n % 200 + 1, repeat(md5(n::text), 8), timestamptz '2026-01-01' + n * interval '1 minute'
		FROM generate_series(1, 30000) AS n;
	-- Drawn from, they go on elsewhere after a crash.
	SELECT setval('workflow_entity_id_seq', 200), setval('execution_entity_id_seq', 30000);`;

export interface PostgresSource extends AsyncDisposable {
	server: PostgresServer;
	/** For `n8n-backup`. */
	env: NodeJS.ProcessEnv;
}

/** As small as a database can be that holds something. */
export const someRows = `
	CREATE TABLE workflow_entity (id integer PRIMARY KEY, name text);
	INSERT INTO workflow_entity SELECT n, md5(n::text) FROM generate_series(1, 800) AS n;`;

/** A server with the database `n8n`, which holds what the SQL says. */
export async function postgresWith(sql: string, options: PostgresOptions = {}): Promise<PostgresSource> {
	const server = await startPostgres(options);
	await server.createDatabase('n8n');
	await server.psql(sql, { database: 'n8n' });
	const env = { ...libpqEnvironment(server), PGSSLMODE: 'disable' };
	return { server, env, [Symbol.asyncDispose]: async () => await server.stop() };
}

export interface RedisSource extends AsyncDisposable {
	server: RedisServer;
	env: NodeJS.ProcessEnv;
	/** The server, for `n8n-backup`. */
	args: string[];
}

/** A server with so many keys. */
export async function redisWith(keys: number): Promise<RedisSource> {
	const server = await startRedis({ password: 'of-the-attack' });
	const commands = Array.from({ length: keys }, (_unused, i) => `SET key:${i} ${'value'.repeat(20)}${i}\n`);
	await server.pipe(commands.join(''));
	const env = { REDISCLI_AUTH: 'of-the-attack' };
	const args = ['--host', server.host, '--port', String(server.port)];
	return { server, env, args, [Symbol.asyncDispose]: async () => await server.stop() };
}

/** What an n8n has in its credentials for both servers. */
export function credentialsFor(postgres: PostgresSource, redis: RedisSource) {
	const { host, port, user, password } = postgres.server;
	return {
		postgres: { host, port, user, password, database: 'n8n', ssl: 'disable' },
		redis: { host: redis.server.host, port: redis.server.port, password: redis.server.password },
	};
}
