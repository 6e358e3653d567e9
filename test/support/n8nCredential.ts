import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';

/** As n8n encrypts a credential: the format of `openssl enc` with one round of MD5. */
export function encrypted(text: string, password: string): string {
	const salt = randomBytes(8);
	const args = ['enc', '-aes-256-cbc', '-md', 'md5', '-S', salt.toString('hex'), '-pass', `pass:${password}`];
	const out = execFileSync('openssl', args, { input: text, stdio: ['pipe', 'pipe', 'ignore'] });
	const isSalted = out.subarray(0, 8).toString() === 'Salted__';
	return (isSalted ? out : Buffer.concat([Buffer.from('Salted__'), salt, out])).toString('base64');
}
