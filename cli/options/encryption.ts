import { Option } from 'commander';
import { basename } from 'node:path';
import { type DecryptionKeys, isAgeName, keysIn } from '../../core/encryption';
import { ask } from '../ask';
import type { CommandTools } from '../command';
import { canAsk } from '../terminal';
import { readIfNamed } from './files';
import { repeated } from './postgres';

export interface IdentityOption {
	/** Files, as age-keygen and keygen write them. */
	identity?: string[];
}

export function identityOption(): Option {
	return new Option(
		'--identity <file>',
		'for encrypted backups: file with an age identity, as keygen prints it; may be repeated (asked for otherwise)',
	).argParser(repeated);
}

/**
 * What encrypted backups are read with: the identities in the files that were named, or what a person types.
 *
 * @param paths of the artifacts; nobody is asked where none of them is encrypted by its name
 * @returns undefined where there is none
 */
export async function readKeys(
	{ identity: files }: IdentityOption,
	paths: readonly string[],
	{ terminal, signal }: Pick<CommandTools, 'terminal' | 'signal'>,
): Promise<DecryptionKeys | undefined> {
	if (files) {
		const texts = await Promise.all(files.map(async (file) => (await readIfNamed(file)) ?? ''));
		return { identities: texts.flatMap(keysIn) };
	}
	const encrypted = paths.filter(isAgeName);
	if (encrypted.length === 0 || !canAsk(terminal)) return undefined;
	const what = encrypted.length === 1 ? basename(encrypted[0]!) : `${encrypted.length} encrypted backups`;
	const question = `Identity (AGE-SECRET-KEY-1…) or passphrase of ${what} (empty for none): `;
	const typed = (await ask(question, terminal, signal, { isHidden: true })).trim();
	if (typed === '') return undefined;
	return typed.startsWith('AGE-SECRET-KEY-')
		? { identities: [typed] }
		: { identities: [], passphrase: typed };
}
