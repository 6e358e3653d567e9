import type { Identity, Recipient, Stanza } from 'age-encryption';
import { createCipheriv, createDecipheriv, randomBytes, scrypt } from 'node:crypto';
import { loadAge } from './loadAge';

/**
 * Half of age's own default, whose key derivation takes 256 MB: 64 MB, for a moment. age reads the number from the
 * file.
 */
const writtenWorkFactor = 16;

/** What a file may ask for at most, as in age's library: a gigabyte. */
const highestWorkFactor = 20;

const blockSize = 8;
const saltBytes = 16;
const tagBytes = 16;
const label = Buffer.from('age-encryption.org/v1/scrypt');

/**
 * The readers of a file who know a passphrase (https://c2sp.org/age#scrypt-recipient-stanza). The library derives the
 * key in JavaScript and blocks its thread for as long as it takes; here Node's thread pool does it.
 */
export class PassphraseRecipient implements Recipient {
	readonly #passphrase: string;

	constructor(passphrase: string) {
		this.#passphrase = passphrase;
	}

	async wrapFileKey(fileKey: Uint8Array): Promise<Stanza[]> {
		const { Stanza } = await loadAge();
		const salt = randomBytes(saltBytes);
		const key = await deriveKey(this.#passphrase, salt, writtenWorkFactor);
		const cipher = createCipheriv('chacha20-poly1305', key, Buffer.alloc(12), { authTagLength: tagBytes });
		const body = Buffer.concat([cipher.update(fileKey), cipher.final(), cipher.getAuthTag()]);
		const args = ['scrypt', salt.toString('base64').replace(/=+$/, ''), String(writtenWorkFactor)];
		return [new Stanza(args, new Uint8Array(body))];
	}
}

/** Whoever knows the passphrase of a file. */
export class PassphraseIdentity implements Identity {
	readonly #passphrase: string;

	constructor(passphrase: string) {
		this.#passphrase = passphrase;
	}

	/** @throws where the header is not one that age writes */
	async unwrapFileKey(stanzas: Stanza[]): Promise<Uint8Array | null> {
		const stanza = stanzas.find(({ args }) => args[0] === 'scrypt');
		if (!stanza) return null;
		const [, salt = '', factor = ''] = stanza.args;
		const isSound =
			stanzas.length === 1 &&
			stanza.args.length === 3 &&
			/^[A-Za-z0-9+/]{22}$/.test(salt) &&
			/^[1-9][0-9]?$/.test(factor) &&
			Number(factor) <= highestWorkFactor &&
			stanza.body.length === 16 + tagBytes;
		if (!isSound) throw new Error('This is no passphrase of age');
		const key = await deriveKey(this.#passphrase, Buffer.from(salt, 'base64'), Number(factor));
		const decipher = createDecipheriv('chacha20-poly1305', key, Buffer.alloc(12), {
			authTagLength: tagBytes,
		});
		decipher.setAuthTag(stanza.body.subarray(-tagBytes));
		const fileKey = decipher.update(stanza.body.subarray(0, -tagBytes));
		try {
			decipher.final();
		} catch {
			return null;
		}
		return new Uint8Array(fileKey);
	}
}

async function deriveKey(passphrase: string, salt: Buffer, workFactor: number): Promise<Buffer> {
	const cost = 2 ** workFactor;
	const options = { cost, blockSize, parallelization: 1, maxmem: 128 * blockSize * (cost + 16) };
	return await new Promise((resolve, reject) => {
		scrypt(passphrase, Buffer.concat([label, salt]), 32, options, (error, key) => {
			if (error) reject(error);
			else resolve(key);
		});
	});
}
