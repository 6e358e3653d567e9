import { BackupError } from '../errors';
import { filledVariable, isOn } from '../n8n/environment';
import type { PostgresConnection, TlsSettings } from '../postgres/connect/connection';
import type { RedisConnection } from '../redis/connection';

/**
 * The connection to n8n's database that DB_POSTGRESDB_* describes.
 *
 * @throws BackupError `bad-parameter` for a port that is none; when a file that a variable names cannot be read
 */
export async function n8nPostgres(env: NodeJS.ProcessEnv): Promise<PostgresConnection> {
	const value = async (name: string) => await filledVariable(env, `DB_POSTGRESDB_${name}`);
	return {
		host: (await value('HOST')) ?? 'localhost',
		port: portIn('DB_POSTGRESDB_PORT', (await value('PORT')) ?? '5432'),
		user: (await value('USER')) ?? 'postgres',
		password: (await value('PASSWORD')) ?? '',
		database: (await value('DATABASE')) ?? 'n8n',
		tls: await postgresTls(value),
	};
}

/** A certificate, or that none is asked for, switches TLS on by itself. */
async function postgresTls(value: (name: string) => Promise<string | undefined>): Promise<TlsSettings> {
	const ca = await value('SSL_CA');
	const certificate = await value('SSL_CERT');
	const key = await value('SSL_KEY');
	const verification = await value('SSL_REJECT_UNAUTHORIZED');
	const verifyCertificate = verification === undefined || isOn(verification);
	const isTls = isOn(await value('SSL_ENABLED')) || !verifyCertificate || Boolean(ca ?? certificate ?? key);
	return { mode: isTls ? 'require' : 'disable', verifyCertificate, ca, certificate, key };
}

/**
 * The connection to n8n's queue that QUEUE_BULL_REDIS_* describes.
 *
 * @throws BackupError `bad-parameter` for a port that is none, `unsupported` for a cluster; when a file that a variable
 * names cannot be read
 */
export async function n8nRedis(env: NodeJS.ProcessEnv): Promise<RedisConnection> {
	const value = async (name: string) => await filledVariable(env, `QUEUE_BULL_REDIS_${name}`);
	if ((await value('CLUSTER_NODES')) !== undefined) {
		throw new BackupError('unsupported', 'QUEUE_BULL_REDIS_CLUSTER_NODES names a cluster of Redis servers', {
			advice: 'Back up each of its masters by itself, with host and port',
		});
	}
	const verification = await value('TLS_VALIDATE_CERTIFICATE');
	const verifyCertificate = verification === undefined || isOn(verification);
	return {
		host: (await value('HOST')) ?? 'localhost',
		port: portIn('QUEUE_BULL_REDIS_PORT', (await value('PORT')) ?? '6379'),
		user: await value('USERNAME'),
		password: await value('PASSWORD'),
		tls: isOn(await value('TLS')) ? { verifyCertificate } : undefined,
	};
}

function portIn(variable: string, text: string): number {
	const port = Number(text);
	if (Number.isInteger(port) && port >= 1 && port <= 65535) return port;
	throw new BackupError('bad-parameter', `${variable} is "${text}"`, {
		advice: 'Set it to a number from 1 to 65535, or unset it',
	});
}
