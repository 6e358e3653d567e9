import { type DecryptionKeys, type EncryptionKeys, openHeader, sealHeader } from '../encryption';
import { hasCode } from '../errors';
import { plural } from '../units';
import { attempt, failed, type Finding, passed, unknown } from './finding';

/** Keys that backups are encrypted with, and those that can read them, where there are any. */
export interface ChosenEncryption {
	readers: EncryptionKeys;
	keys?: DecryptionKeys;
}

const check = 'encryption';

/** Encrypts something, and decrypts it again where there is something to decrypt it with. */
export async function checkEncryption(choose: () => Promise<ChosenEncryption | undefined>): Promise<Finding> {
	return await attempt(check, async () => await tryOut(await choose()));
}

async function tryOut(chosen: ChosenEncryption | undefined): Promise<Finding> {
	if (!chosen) {
		const found = 'No keys were chosen: whoever can read the backup directory has your data and n8n’s key.';
		return unknown(check, found, 'Switch Encrypt on where others can read backups, or copies of them.');
	}
	const { readers, keys } = chosen;
	const { header } = await sealHeader(readers);
	const count = plural(readers.recipients.length, 'recipient');
	const whom = readers.passphrase === undefined ? `for ${count}` : 'with a passphrase';
	if (keys === undefined || (keys.passphrase === undefined && keys.identities.length === 0)) {
		const advice = 'See that the identity is kept in two places that outlive this machine.';
		return passed(check, `It encrypts ${whom}; n8n itself cannot decrypt.`, advice);
	}
	try {
		await openHeader(header, keys);
	} catch (error) {
		if (!hasCode(error, 'auth')) throw error;
		const advice = 'Enter the identity of one of the recipients, or correct the recipients.';
		const found = 'What is encrypted cannot be decrypted: the identity is none of these recipients’.';
		return failed(check, found, advice);
	}
	return passed(check, `It encrypts ${whom}, and decrypts what it encrypted.`);
}
