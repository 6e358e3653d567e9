import { Option } from 'commander';
import { basename } from 'node:path';
import {
	type DecryptionKeys,
	isAgeName,
	isLockedKeyFile,
	keysIn,
	unlockKeyFile,
} from '../../core/encryption';
import { BackupError } from '../../core/errors';
import { ask } from '../ask';
import type { CommandTools } from '../command';
import { canAsk } from '../terminal';
import { readNamed } from './files';
import { repeated } from './postgres';

/** For a key file that is locked, where nobody can be asked. */
const unlockVariable = 'N8N_BACKUP_IDENTITY_PASSPHRASE';

export interface IdentityOption {
	/** Files, as age-keygen and keygen write them; locked by `age --passphrase`, too. */
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
	tools: Pick<CommandTools, 'terminal' | 'signal'>,
): Promise<DecryptionKeys | undefined> {
	const { terminal, signal } = tools;
	if (files) {
		const identities: string[] = [];
		// One after the other: a person may be asked for each.
		for (const file of files) identities.push(...(await readKeyFile(file, tools)));
		return { identities };
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

/** The identities in a key file; one that `age --passphrase` has locked is unlocked. */
async function readKeyFile(
	file: string,
	{ terminal, signal }: Pick<CommandTools, 'terminal' | 'signal'>,
): Promise<string[]> {
	const content = await readNamed(file);
	if (!isLockedKeyFile(content)) return keysIn(content.toString());
	const given = terminal.env[unlockVariable];
	if (given) return await unlockKeyFile(content, given, file);
	if (!canAsk(terminal)) {
		throw new BackupError('auth', `${file} is locked with a passphrase`, {
			advice: `Run it where you can be asked for it, or set ${unlockVariable}`,
		});
	}
	const typed = await ask(`Passphrase of ${file}: `, terminal, signal, { isHidden: true });
	return await unlockKeyFile(content, typed.trim(), file);
}
