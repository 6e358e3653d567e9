import type { TarEvent } from '../tar/tarScanner';

/**
 * n8n encrypts the credentials in its database with one key. It lies in `config` in n8n's data folder (JSON,
 * written at the first start) or in the environment as N8N_ENCRYPTION_KEY. A database without it is lost, which
 * is why backups are looked through for it. What is found here is for checks only: it must not get into any
 * log, error, manifest or item.
 */

/** Where n8n's `config` lies in an archive of its data folder, or of the folder above. */
const configMembers = ['config', '.n8n/config', './config', './.n8n/config'];

/** Most paths differ already as bytes, without being made into text. */
const longestConfigMember = Math.max(...configMembers.map((path) => path.length));

/** Neither file is longer than a few hundred bytes; what is much longer is something else. */
export const longestKeyFileBytes = 512 * 1024;

/** Whether a member of an archive is n8n's `config`, and can hold a key. */
export function isConfigMember({ path, size }: { path: Buffer; size: number }): boolean {
	if (size > longestKeyFileBytes || path.length > longestConfigMember) return false;
	return configMembers.includes(path.toString('latin1'));
}

/** Looks for the key in an archive whose members stream past. */
export class KeyWatch {
	/** Undefined until it was found. */
	key: string | undefined;
	#config: Buffer[] | undefined;

	note(event: TarEvent): void {
		switch (event.kind) {
			case 'member':
				this.#config = isConfigMember(event.member) ? [] : undefined;
				break;
			case 'content':
				// The scanner uses its memory again.
				this.#config?.push(Buffer.from(event.bytes));
				break;
			case 'member-end':
				if (this.#config) this.key ??= keyFromConfig(Buffer.concat(this.#config).toString('utf8'));
				this.#config = undefined;
		}
	}
}

/** The key in n8n's `config` file; undefined when the text is no such file, or has no key. */
export function keyFromConfig(text: string): string | undefined {
	try {
		const config: unknown = JSON.parse(text);
		if (typeof config !== 'object' || config === null || !('encryptionKey' in config)) return undefined;
		const { encryptionKey } = config;
		return typeof encryptionKey === 'string' && encryptionKey !== '' ? encryptionKey : undefined;
	} catch {
		return undefined;
	}
}

/** The value of N8N_ENCRYPTION_KEY in a `.env` file; undefined when it is not set or empty. */
export function keyFromEnvFile(text: string): string | undefined {
	return readVariable(text, 'N8N_ENCRYPTION_KEY');
}

/** The file that a `.env` file says holds the key (N8N_ENCRYPTION_KEY_FILE), which is not in the `.env` file then. */
export function keyFileFromEnvFile(text: string): string | undefined {
	return readVariable(text, 'N8N_ENCRYPTION_KEY_FILE');
}

/**
 * A variable of a `.env` file as Docker Compose reads it: the last assignment counts, `export` may stand in
 * front, single quotes are literal, double quotes know escapes, ` #` begins a comment after an unquoted value.
 * A value that is nothing but a reference to another variable of the file is followed.
 */
function readVariable(text: string, name: string, asked: readonly string[] = []): string | undefined {
	const assignment = new RegExp(`^\\s*(?:export\\s+)?${name}\\s*=\\s*(.*)$`);
	const values = text
		.replace(/^\uFEFF/, '')
		.split(/\r\n|\r|\n/)
		.map((line) => assignment.exec(line)?.[1])
		.filter((value) => value !== undefined);
	const value = unquote(values.at(-1) ?? '');
	const reference = /^\$(?:\{(\w+)\}|(\w+))$/.exec(value);
	const other = reference?.[1] ?? reference?.[2];
	if (other === undefined) return value === '' ? undefined : value;
	return asked.includes(other) ? undefined : readVariable(text, other, [...asked, name]);
}

const escapes: Record<string, string> = { n: '\n', r: '\r', t: '\t' };

function unquote(value: string): string {
	const literal = /^'([^']*)'/.exec(value);
	if (literal) return literal[1]!;
	const escaped = /^"((?:[^"\\]|\\.)*)"/.exec(value);
	if (escaped)
		return escaped[1]!.replace(/\\(.)/g, (_, character: string) => escapes[character] ?? character);
	return value.replace(/(^|\s)#.*$/, '').trim();
}
