import { BackupError } from '../errors';
import type { DecryptionKeys, EncryptionKeys } from './keys';
import { loadAge } from './loadAge';

export interface KeyPair {
	/** The private key, `AGE-SECRET-KEY-1…`. A secret. */
	identity: string;
	/** The public key, `age1…`. */
	recipient: string;
}

/** A new pair of keys. */
export async function makeKeyPair(): Promise<KeyPair> {
	const { generateIdentity, identityToRecipient } = await loadAge();
	const identity = await generateIdentity();
	return { identity, recipient: await identityToRecipient(identity) };
}

/**
 * Encrypts for whoever can decrypt with these.
 *
 * @throws BackupError `bad-parameter` for something that is no identity
 */
export async function readersWith({ identities, passphrase }: DecryptionKeys): Promise<EncryptionKeys> {
	if (passphrase !== undefined) return { recipients: [], passphrase };
	return { recipients: await Promise.all(identities.map(recipientOf)) };
}

async function recipientOf(identity: string): Promise<string> {
	const { identityToRecipient } = await loadAge();
	try {
		return await identityToRecipient(identity);
	} catch {
		throw noIdentity();
	}
}

/** Names neither the text nor the cause: both may hold most of a private key. */
export function noIdentity(): BackupError {
	return new BackupError('bad-parameter', 'The age identity cannot be read', {
		advice: 'Give the private key, which begins with AGE-SECRET-KEY-1, as it was printed',
	});
}
