import { n8nPostgres, n8nRedis } from '../../../core/environment/n8nServers';

describe('the servers in n8n’s environment', () => {
	it('has n8n’s defaults', async () => {
		expect(await n8nPostgres({})).toEqual({
			...{ host: 'localhost', port: 5432, user: 'postgres', password: '', database: 'n8n' },
			tls: { mode: 'disable', verifyCertificate: true },
		});
		expect(await n8nRedis({})).toEqual({ host: 'localhost', port: 6379 });
	});

	it.each([
		[{ DB_POSTGRESDB_SSL_ENABLED: 'true' }, { mode: 'require', verifyCertificate: true }],
		[{ DB_POSTGRESDB_SSL_CA: 'PEM' }, { mode: 'require', verifyCertificate: true, ca: 'PEM' }],
		[{ DB_POSTGRESDB_SSL_REJECT_UNAUTHORIZED: 'false' }, { mode: 'require', verifyCertificate: false }],
	])('means TLS to PostgreSQL by %j', async (env, tls) => {
		expect((await n8nPostgres(env)).tls).toEqual(tls);
	});

	it('means TLS to Redis, and says what it cannot do', async () => {
		const tls = { QUEUE_BULL_REDIS_TLS: 'true', QUEUE_BULL_REDIS_TLS_VALIDATE_CERTIFICATE: 'false' };
		expect((await n8nRedis(tls)).tls).toEqual({ verifyCertificate: false });
		await expect(n8nRedis({ QUEUE_BULL_REDIS_CLUSTER_NODES: 'a:1,b:2' })).rejects.toThrow(
			'Back up each of its masters by itself, with host and port.',
		);
		await expect(n8nRedis({ QUEUE_BULL_REDIS_PORT: 'redis' })).rejects.toThrow('QUEUE_BULL_REDIS_PORT');
	});
});
