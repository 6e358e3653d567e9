import type { CopyOutcome } from './copy';

/** Warns, in sentences for people, of a copy that hands n8n's encryption key to whoever can read there. */
export function unencryptedKeyWarnings({ entry, outcome }: CopyOutcome): string[] {
	const { name, manifest } = entry;
	const isThere = outcome === 'copied' || outcome === 'already there';
	if (!isThere || manifest?.encryptionKey !== 'found' || manifest.encryption) return [];
	return [
		`${name} holds n8n’s encryption key and leaves the machine unencrypted: whoever can read the copy can decrypt every credential. Encrypt such backups (Encrypt in the node that makes them).`,
	];
}
