import { BackupError, hasCode } from '../errors';
import { decryptAge, isAgeFile } from './ageReader';
import { openHeader } from './header';
import { loadAge } from './loadAge';

/**
 * The keys in a text as age and people write them: one a line, beside comments (`# public key: …`) and empty lines.
 * What is no key stays in the list; whoever uses it says so.
 */
export function keysIn(text: string): string[] {
	return text
		.split(/\r?\n/)
		.map((line) => line.trim())
		.filter((line) => line !== '' && !line.startsWith('#'));
}

const armorBegin = '-----BEGIN AGE ENCRYPTED FILE-----';

/** Whether the content of a key file is encrypted, as `age-keygen | age --passphrase` writes it. */
export function isLockedKeyFile(content: Buffer): boolean {
	return isAgeFile(content) || content.toString('latin1').trimStart().startsWith(armorBegin);
}

/**
 * The keys in a key file that is locked with a passphrase, with or without armor.
 *
 * @param name the file's, for errors
 * @throws BackupError `auth` for a wrong passphrase, `damaged` or `incomplete`
 */
export async function unlockKeyFile(content: Buffer, passphrase: string, name: string): Promise<string[]> {
	const stored = isAgeFile(content) ? content : await withoutArmor(content, name);
	const findFileKey = async (header: Buffer) => await openHeader(header, { identities: [], passphrase });
	const plain: Buffer[] = [];
	try {
		for await (const piece of decryptAge(one(stored), findFileKey)) plain.push(piece);
	} catch (error) {
		if (!hasCode(error, 'auth')) throw error;
		const advice = 'Give the one that it was locked with; without it nobody opens it';
		throw new BackupError('auth', `The passphrase does not open ${name}`, { advice, cause: error });
	}
	return keysIn(Buffer.concat(plain).toString());
}

async function* one(bytes: Buffer): AsyncGenerator<Buffer, void> {
	yield await Promise.resolve(bytes);
}

async function withoutArmor(content: Buffer, name: string): Promise<Buffer> {
	const { armor } = await loadAge();
	try {
		return Buffer.from(armor.decode(content.toString('latin1').trim()));
	} catch {
		throw new BackupError('damaged', `${name} is not a whole key file`, { advice: 'Use another copy of it' });
	}
}
