import type { Decrypter, Encrypter, Identity } from 'age-encryption';
import { BackupError } from '../errors';
import { BrokenSealError } from './brokenSeal';
import { noIdentity } from './keygen';
import type { DecryptionKeys, EncryptionKeys } from './keys';
import { loadAge } from './loadAge';
import { PassphraseIdentity, PassphraseRecipient } from './passphrase';

/** How an age file begins, and the key that its payload is encrypted with. */
export interface SealedHeader {
	header: Buffer;
	/** Of this file alone. A secret. */
	fileKey: Buffer;
}

/** What the library puts behind the header of an empty file: a nonce and one authentication tag. */
const emptyPayloadBytes = 16 + 16;

/**
 * Makes the header of a new age file (https://c2sp.org/age). The library writes it; it also chooses the file key and
 * tells it to whoever is asked to wrap it.
 *
 * @throws BackupError `bad-parameter` for something that is no recipient, or without any key
 */
export async function sealHeader(keys: EncryptionKeys): Promise<SealedHeader> {
	const { Encrypter } = await loadAge();
	const encrypter = new Encrypter();
	if (keys.passphrase !== undefined) {
		encrypter.addRecipient(new PassphraseRecipient(keys.passphrase));
	} else {
		assertAnyRecipient(keys.recipients);
		for (const recipient of keys.recipients) addRecipient(encrypter, recipient);
	}
	let fileKey: Buffer | undefined;
	encrypter.addRecipient({
		wrapFileKey(chosen) {
			fileKey = Buffer.from(chosen);
			return [];
		},
	});
	const header = await encryptNothing(encrypter);
	return { header, fileKey: fileKey! };
}

async function encryptNothing(encrypter: Encrypter): Promise<Buffer> {
	const file = await encrypter.encrypt(new Uint8Array(0));
	return Buffer.from(file.subarray(0, file.length - emptyPayloadBytes));
}

/**
 * The file key out of an age file's header.
 *
 * @param what the file, for errors
 * @throws BackupError `auth` when none of the keys opens it, `bad-parameter` for something that is no identity, `damaged`
 * when it is no header or was changed
 */
export async function openHeader(header: Buffer, keys: DecryptionKeys, what = 'The backup'): Promise<Buffer> {
	const { Decrypter } = await loadAge();
	const decrypter = new Decrypter();
	const whenRead = new Witness();
	const whenNoKeyFits = new Witness();
	decrypter.addIdentity(whenRead);
	for (const identity of keys.identities) addIdentity(decrypter, identity);
	if (keys.passphrase !== undefined) decrypter.addIdentity(new PassphraseIdentity(keys.passphrase));
	decrypter.addIdentity(whenNoKeyFits);
	try {
		return Buffer.from(await decrypter.decryptHeader(header));
	} catch (error) {
		// The library's errors have no codes; how far it came tells them apart.
		throw whenRead.wasAsked && whenNoKeyFits.wasAsked ? wrongKey(what, error) : notAHeader(error);
	}
}

/** An identity that never fits. It is asked in its turn, which tells how far the reading of a header came. */
class Witness implements Identity {
	wasAsked = false;

	unwrapFileKey(): null {
		this.wasAsked = true;
		return null;
	}
}

function addRecipient(encrypter: Encrypter, recipient: string): void {
	try {
		encrypter.addRecipient(recipient);
	} catch {
		// People mix the two keys up, and the private one must not get into a message.
		const what = recipient.startsWith('age1') ? `“${recipient}”` : 'One of the recipients';
		throw new BackupError('bad-parameter', `${what} is no age recipient`, {
			advice: 'Give the public key, which begins with age1, as age-keygen or n8n-backup keygen prints it',
		});
	}
}

function addIdentity(decrypter: Decrypter, identity: string): void {
	try {
		decrypter.addIdentity(identity);
	} catch {
		throw noIdentity();
	}
}

function assertAnyRecipient(recipients: readonly string[]): void {
	if (recipients.length > 0) return;
	throw new BackupError('bad-parameter', 'There is no key to encrypt with', {
		advice: 'Enter at least one recipient (age1…) or a passphrase in the credential',
	});
}

function wrongKey(what: string, cause: unknown): BackupError {
	return new BackupError('auth', `${what} is encrypted for another key`, {
		advice: 'Give the identity of one of the recipients that its manifest names, or the right passphrase',
		cause,
	});
}

function notAHeader(cause: unknown): BrokenSealError {
	return new BrokenSealError('damaged', 'The header of the encrypted file is not what was written', cause);
}
