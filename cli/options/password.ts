import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { fileError } from '../../core/errors';
import { ask } from '../ask';
import type { CommandTools } from '../command';
import { canAsk } from '../terminal';

export interface PasswordOptions {
	/** Holds the password in its first line, as a Docker secret does. */
	passwordFile?: string;
	/** False with --no-password: nobody is asked. */
	password: boolean;
}

/** There is no option that takes a password itself: every user of the machine could read it in the process list. */
export function addPasswordOptions(command: Command, variable: string): Command {
	return command
		.option('--password-file <path>', `file that holds the password (or ${variable}; asked for otherwise)`)
		.option('--no-password', 'ask for no password: the server needs none');
}

/**
 * The password for a server: from the file, from the environment, or from the person at the terminal; empty
 * where none of them has it.
 */
export async function readPassword(
	{ passwordFile, password }: PasswordOptions,
	{ variable, server }: { variable: string; server: string },
	{ terminal, signal }: Pick<CommandTools, 'terminal' | 'signal'>,
): Promise<string> {
	if (passwordFile !== undefined) return await firstLine(passwordFile);
	const known = terminal.env[variable];
	if (known !== undefined) return known;
	if (!password || !canAsk(terminal)) return '';
	return await ask(`Password for ${server} (empty for none): `, terminal, signal, { isHidden: true });
}

async function firstLine(path: string): Promise<string> {
	try {
		const text = await readFile(path, 'utf8');
		return text.split(/\r?\n/, 1)[0] ?? '';
	} catch (error) {
		throw fileError(error, path);
	}
}
