/** The readers of an age file: recipients, or a passphrase. */
export interface EncryptionKeys {
	/** Public keys, `age1…`. Whoever holds the identity of one of them can read the file. */
	recipients: readonly string[];
	/** Excludes recipients, as in age itself. */
	passphrase?: string;
}

/** What an age file is read with. */
export interface DecryptionKeys {
	/** Private keys, `AGE-SECRET-KEY-1…`. */
	identities: readonly string[];
	passphrase?: string;
}

/** What may be said of an encrypted artifact to anybody: it names the keys and holds none. */
export interface EncryptionRecord {
	format: 'age';
	/** The beginnings of the recipients, enough to tell which identity is needed. */
	recipients: string[];
	/** Present and true where a passphrase is needed instead. */
	passphrase?: true;
}

/** Characters of a recipient that tell it from another one's. */
const shortIdLength = 16;

/** The record of a file that is written with these keys. */
export function encryptionRecord({ recipients, passphrase }: EncryptionKeys): EncryptionRecord {
	return {
		format: 'age',
		recipients: recipients.map(shortId),
		...(passphrase !== undefined && { passphrase: true }),
	};
}

/** `age1ql3z7hjy54pw…` */
export function shortId(recipient: string): string {
	return `${recipient.slice(0, shortIdLength)}…`;
}

/** The recipients of something encrypted, in words: `for age1ql3z7hjy54pw…`. */
export function describeReaders({ recipients, passphrase }: EncryptionRecord): string {
	return passphrase ? 'with a passphrase' : `for ${recipients.join(' and ')}`;
}
