import type { ICredentialDataDecryptedObject } from 'n8n-workflow';
import type { RedisConnection } from '../../core/redis/connection';

/** n8n's own `redis` credential as core understands it. The database number is left out: a snapshot holds them all. */
export function redisConnection(credential: ICredentialDataDecryptedObject): RedisConnection {
	return {
		host: String(credential.host ?? ''),
		port: Number(credential.port ?? 6379),
		user: String(credential.user ?? '') || undefined,
		password: String(credential.password ?? '') || undefined,
		tls:
			credential.ssl === true ? { verifyCertificate: credential.disableTlsVerification !== true } : undefined,
	};
}
