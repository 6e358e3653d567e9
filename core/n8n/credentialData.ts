import { createHash } from 'node:crypto';
import { type CipherName, decrypt } from './cipher';

/** A row of n8n's table `deployment_key` with type `data_encryption`; n8n 2 has it, older ones do not. */
export interface StoredDataKey {
	id: string;
	/** The data key, encrypted with the instance's own. */
	value: string;
	algorithm: string | null;
}

const prefixed = /^([A-Za-z0-9_-]{1,36}):(.*)$/s;
const rawDataKey = /^[0-9a-f]{64}$/i;

/**
 * Whether a credential's stored data can be decrypted with the instance's encryption key, following n8n
 * (n8n-core, `encryption/cipher.ts`; n8n, `encryption/key-manager.service.ts`): `ID:ciphertext` names a data key of
 * the database, which the instance's key unlocks; without an ID it is the older data key or the instance's own.
 *
 * What is decrypted is looked at only to see that it is JSON, and goes nowhere.
 */
export function canDecryptCredential(
	data: string,
	encryptionKey: string,
	storedKeys: readonly StoredDataKey[],
): boolean {
	const [, id, ciphertext] = prefixed.exec(data) ?? [];
	if (id !== undefined && ciphertext !== undefined) {
		const stored = storedKeys.find((key) => key.id === id);
		const dataKey = stored && unlock(stored, encryptionKey);
		return dataKey !== undefined && isJson(cipherOf(stored), ciphertext, dataKey);
	}
	const older = storedKeys
		.filter(({ algorithm }) => algorithm === 'aes-256-cbc')
		.map((stored) => unlock(stored, encryptionKey));
	return [...older, encryptionKey].some((key) => key !== undefined && isJson('aes-256-cbc', data, key));
}

/** A data key in the clear; undefined when the instance's key is not the one that it was locked with. */
function unlock({ value }: StoredDataKey, encryptionKey: string): string | undefined {
	if (value === encryptionKey || rawDataKey.test(value)) return value;
	const wrappingKey = createHash('sha256').update(encryptionKey).digest('hex');
	const older = attempt(() => decrypt('aes-256-cbc', value, encryptionKey));
	return (
		attempt(() => decrypt('aes-256-gcm', value, wrappingKey)) ??
		(rawDataKey.test(older ?? '') ? older : undefined)
	);
}

function cipherOf(stored: StoredDataKey | undefined): CipherName {
	return stored?.algorithm === 'aes-256-gcm' ? 'aes-256-gcm' : 'aes-256-cbc';
}

/** CBC has no authentication: one wrong key in 256 decrypts to something, but not to JSON. */
function isJson(cipher: CipherName, ciphertext: string, key: string): boolean {
	const parsed = attempt(() => JSON.parse(decrypt(cipher, ciphertext, key)) as unknown);
	return typeof parsed === 'object' && parsed !== null;
}

function attempt<Result>(work: () => Result): Result | undefined {
	try {
		return work();
	} catch {
		return undefined;
	}
}
