import { execFileSync } from 'node:child_process';
import { createCipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import { canDecryptCredential, type StoredDataKey } from '../../../core/n8n/credentialData';

const encryptionKey = 'b0WfjWPYn6nJgdxCDDN/VQFkQo1mDbRl';
const dataKey = randomBytes(32).toString('hex');
const secret = JSON.stringify({ user: 'somebody', password: 'secret' });

/** The format that n8n has had from the start is the one of `openssl enc`. */
function opensslEncrypt(text: string, password: string): string {
	const args = ['enc', '-aes-256-cbc', '-md', 'md5', '-base64', '-A', '-pass', 'env:PASSWORD'];
	const env = { ...process.env, PASSWORD: password };
	return execFileSync('openssl', args, { input: text, env, stdio: 'pipe' }).toString();
}

/** As n8n-core 2 writes it. */
function gcmEncrypt(text: string, hexKey: string): string {
	const salt = randomBytes(32);
	const derived = Buffer.from(hkdfSync('sha256', Buffer.from(hexKey, 'hex'), salt, 'n8n-encryption-v1', 44));
	const cipher = createCipheriv('aes-256-gcm', derived.subarray(0, 32), derived.subarray(32));
	const encrypted = Buffer.concat([cipher.update(text), cipher.final()]);
	return Buffer.concat([Buffer.of(1), salt, cipher.getAuthTag(), encrypted]).toString('base64');
}

const wrappingKey = createHash('sha256').update(encryptionKey).digest('hex');

describe('a credential encrypted by the instance’s key', () => {
	const data = opensslEncrypt(secret, encryptionKey);

	test('is decrypted with it', () => {
		expect(canDecryptCredential(data, encryptionKey, [])).toBe(true);
	});

	test('is not decrypted with any other', () => {
		for (let i = 0; i < 1000; i++) expect(canDecryptCredential(data, `other ${i}`, [])).toBe(false);
	});

	test('is not decrypted when it was changed', () => {
		const bytes = Buffer.from(data, 'base64');
		bytes[20]! ^= 1;
		expect(canDecryptCredential(bytes.toString('base64'), encryptionKey, [])).toBe(false);
		expect(canDecryptCredential('', encryptionKey, [])).toBe(false);
		expect(canDecryptCredential('neither', encryptionKey, [])).toBe(false);
	});

	test('proves nothing when it is not JSON inside', () => {
		expect(canDecryptCredential(opensslEncrypt('no JSON', encryptionKey), encryptionKey, [])).toBe(false);
	});
});

describe('a credential encrypted by a data key', () => {
	const stored = (value: string, algorithm = 'aes-256-gcm'): StoredDataKey[] => [
		{ id: 'other', value: gcmEncrypt('00'.repeat(32), wrappingKey), algorithm: 'aes-256-gcm' },
		{ id: 'kE-y_1', value, algorithm },
	];
	const data = `kE-y_1:${gcmEncrypt(secret, dataKey)}`;

	test.each([
		['wrapped by AES-GCM', gcmEncrypt(dataKey, wrappingKey)],
		['wrapped by AES-CBC, as earlier versions did', opensslEncrypt(dataKey, encryptionKey)],
		['in the clear, as the first did', dataKey],
	])('is decrypted with a key that is %s', (_how, value) => {
		expect(canDecryptCredential(data, encryptionKey, stored(value))).toBe(true);
	});

	test('is not decrypted with another instance’s key', () => {
		const value = gcmEncrypt(dataKey, wrappingKey);
		expect(canDecryptCredential(data, 'another', stored(value))).toBe(false);
	});

	test('is not decrypted when its key is not in the database', () => {
		expect(canDecryptCredential(data, encryptionKey, [])).toBe(false);
	});

	test('may be of the older cipher and without its ID', () => {
		const value = gcmEncrypt('older key', wrappingKey);
		const older = opensslEncrypt(secret, 'older key');
		expect(canDecryptCredential(older, encryptionKey, stored(value, 'aes-256-cbc'))).toBe(true);
		expect(canDecryptCredential(`kE-y_1:${older}`, encryptionKey, stored(value, 'aes-256-cbc'))).toBe(true);
	});
});
