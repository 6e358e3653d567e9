import type { CheckResult } from '../artifact/checks';
import { canDecryptCredential, type StoredDataKey } from './credentialData';
import type { FoundKey } from './encryptionKeys';

/** The parts of a restored database that are tried with a key. */
export interface StoredCredentials {
	/** The encrypted data of some credentials. */
	credentials: string[];
	storedKeys: StoredDataKey[];
}

/** Credentials that are looked at, the last changed first. */
export const sampleSize = 10;

/**
 * Whether stored credentials can be decrypted with one of the keys, which are tried one after the other. Where no key
 * was found nothing was tried, so nothing is known: a night that saved no key blames no database for it.
 */
export async function judgeCredentials(
	{ credentials, storedKeys }: StoredCredentials,
	keys: AsyncIterable<FoundKey>,
): Promise<Pick<CheckResult, 'result' | 'detail'>> {
	if (credentials.length === 0)
		return { result: 'unknown', detail: 'n8n has no credentials stored that could be decrypted.' };
	const tried: string[] = [];
	for await (const { key, artifact } of keys) {
		const readable = credentials.filter((data) => canDecryptCredential(data, key, storedKeys)).length;
		if (readable > 0) {
			const detail = `${readable} of ${credentials.length} stored credentials were decrypted with the key in ${artifact}.`;
			return { result: 'passed', detail };
		}
		tried.push(artifact);
	}
	if (tried.length === 0) return { result: 'unknown', detail: untried };
	const detail = `No stored credential could be decrypted with the key in ${tried.join(' or ')}: ${consequence}.`;
	return { result: 'failed', detail };
}

const consequence = 'without the right key every credential in this backup is lost';

const untried = `The stored credentials were not tried, since no n8n or env backup holds an encryption key: ${consequence}. Back up n8n’s data folder or its .env.`;
