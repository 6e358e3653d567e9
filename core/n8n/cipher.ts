import { createDecipheriv, createHash, hkdfSync } from 'node:crypto';

/** Ciphers that n8n has used for what it stores, by the names that it gives them. */
export type CipherName = 'aes-256-cbc' | 'aes-256-gcm';

/**
 * Decrypts what n8n encrypted (n8n-core, `encryption/aes-256-cbc.ts` and `aes-256-gcm.ts`).
 *
 * @throws Error when the key is not the right one or the text was changed; CBC notices most of it, but not all
 */
export function decrypt(cipher: CipherName, encrypted: string, key: string): string {
	return cipher === 'aes-256-cbc' ? decryptCbc(encrypted, key) : decryptGcm(encrypted, key);
}

/**
 * The format of CryptoJS and of `openssl enc` without -pbkdf2: base64 of `Salted__`, a salt of 8 bytes and the
 * ciphertext; key and IV are derived by EVP_BytesToKey with one round of MD5.
 */
function decryptCbc(encrypted: string, password: string): string {
	const bytes = Buffer.from(encrypted, 'base64');
	const salted = Buffer.concat([Buffer.from(password, 'latin1'), bytes.subarray(8, 16)]);
	const first = md5(salted);
	const second = md5(Buffer.concat([first, salted]));
	const iv = md5(Buffer.concat([second, salted]));
	const decipher = createDecipheriv('aes-256-cbc', Buffer.concat([first, second]), iv);
	return Buffer.concat([decipher.update(bytes.subarray(16)), decipher.final()]).toString('utf8');
}

const gcm = { version: 1, saltBytes: 32, tagBytes: 16, keyBytes: 32, ivBytes: 12, info: 'n8n-encryption-v1' };

/** Base64 of a version byte, a salt, the authentication tag and the ciphertext; key and IV by HKDF from a hex key. */
function decryptGcm(encrypted: string, hexKey: string): string {
	const bytes = Buffer.from(encrypted, 'base64');
	if (bytes[0] !== gcm.version) throw new Error(`Version ${bytes[0]} of n8n's AES-GCM format is not known`);
	const tagAt = 1 + gcm.saltBytes;
	const textAt = tagAt + gcm.tagBytes;
	const secret = Buffer.from(hexKey, 'hex');
	const derived = Buffer.from(
		hkdfSync('sha256', secret, bytes.subarray(1, tagAt), gcm.info, gcm.keyBytes + gcm.ivBytes),
	);
	const key = derived.subarray(0, gcm.keyBytes);
	const iv = derived.subarray(gcm.keyBytes);
	const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: gcm.tagBytes });
	decipher.setAuthTag(bytes.subarray(tagAt, textAt));
	return Buffer.concat([decipher.update(bytes.subarray(textAt)), decipher.final()]).toString('utf8');
}

function md5(bytes: Buffer): Buffer {
	return createHash('md5').update(bytes).digest();
}
