import { type Command, Option } from 'commander';
import type { AddCommand } from '../command';
import { commonOf } from '../create/common';
import { createBackups } from '../create/createBackups';
import { planArchive } from '../create/plans';
import {
	addCompressionOptions,
	addRecipientOptions,
	compressionFrom,
	type CompressionOptions,
	type RecipientOptions,
} from '../options/create';
import { repeated } from '../options/postgres';

interface Options extends CompressionOptions, RecipientOptions {
	exclude?: string[];
}

/** `create volume`: a directory with all it holds. */
export const addCreateVolume: AddCommand = (parent, run) => {
	const command = parent
		.command('volume')
		.description('pack a directory with all it holds, as n8n’s data folder')
		.argument('<directory>', 'the directory; SQLite databases in it are captured whole')
		.addOption(
			new Option(
				'--exclude <pattern>',
				'leave out what matches, as in .gitignore; may be repeated',
			).argParser(repeated),
		);
	addRecipientOptions(addCompressionOptions(command)).action(
		(directory: string, options: Options, self: Command) =>
			run(self, async (tools) => {
				const compression = compressionFrom(options);
				const common = await commonOf(options, tools, { dataFolder: directory });
				const { root } = common;
				const { prefix } = tools.globals;
				const plan = planArchive({ directory, root, compression, exclude: options.exclude, prefix });
				return await createBackups([plan], common, tools);
			}),
	);
};
