import type { ICredentialDataDecryptedObject } from 'n8n-workflow';
import { hostName } from '../../core/errors';
import type { RedisConnection } from '../../core/redis/connection';
import { credentialText } from './credentialText';

/** n8n's own `redis` credential as core understands it. The database number is left out: a snapshot holds them all. */
export function redisConnection(credential: ICredentialDataDecryptedObject): RedisConnection {
	return {
		host: hostName(credentialText(credential, 'host'), 'The credential’s Host'),
		port: Number(credential.port ?? 6379),
		user: credentialText(credential, 'user') || undefined,
		password: credentialText(credential, 'password') || undefined,
		tls:
			credential.ssl === true ? { verifyCertificate: credential.disableTlsVerification !== true } : undefined,
	};
}
