import type { Command } from 'commander';
import type { AddCommand } from '../command';
import { commonOf } from '../create/common';
import { createBackups } from '../create/createBackups';
import { keyInEnvFile } from '../create/keyInEnvFile';
import { planCopy } from '../create/plans';
import { addRecipientOptions, type RecipientOptions } from '../options/create';

/** `create file`: a copy of one file. */
export const addCreateFile: AddCommand = (parent, run) => {
	const command = parent
		.command('file')
		.description('keep a copy of one file, such as .env with the encryption key, or the Compose file')
		.argument('<path>', 'the file');
	addRecipientOptions(command).action((path: string, options: RecipientOptions, self: Command) =>
		run(self, async (tools) => {
			const common = await commonOf(options, tools, { keyClue: await keyInEnvFile(path) });
			return await createBackups([planCopy(path, tools.globals.prefix)], common, tools);
		}),
	);
};
