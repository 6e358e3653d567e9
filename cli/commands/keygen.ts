import type { Command } from 'commander';
import { makeKeyPair } from '../../core/encryption';
import type { AddCommand } from '../command';
import { exitCodes } from '../exitCodes';

const meaning = `The identity above is shown this once. Whoever has it reads every backup that is encrypted for its
recipient; without it nobody ever does, and nobody can make it again. Keep it where it
outlives this machine and this n8n: in a password manager, and on paper.
The recipient goes into n8n's credential Backup Encryption (age).`;

/** `keygen`: a pair of keys in the form of age-keygen, so that each reads the other's. */
export const addKeygen: AddCommand = (parent, run) => {
	parent
		.command('keygen')
		.description('make a pair of age keys to encrypt backups with; the identity is printed once')
		.action((_options: unknown, command: Command) =>
			run(command, async ({ terminal, output }) => {
				const { identity, recipient } = await makeKeyPair();
				output.result({ identity, recipient });
				output.say(`# created: ${new Date().toISOString()}\n# public key: ${recipient}\n${identity}`);
				// What goes into a file is only the keys.
				const lines = [...(terminal.stdout.isTTY ? [] : [`Public key: ${recipient}`]), meaning];
				terminal.stderr.write(`${lines.join('\n')}\n`);
				return exitCodes.ok;
			}),
		);
};
