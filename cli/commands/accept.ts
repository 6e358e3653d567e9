import type { Command } from 'commander';
import { acceptBackup, acceptedWith, type CatalogEntry, components, readCatalog } from '../../core/artifact';
import { BackupError } from '../../core/errors';
import type { AddCommand } from '../command';
import { exitCodes } from '../exitCodes';
import { asOwnerOf } from '../identity';
import { backupDirectory, type GlobalOptions } from '../options/global';
import { plural } from '../../core/units';

/** `accept`: says that a shrunk backup is meant to hold as little as it does. */
export const addAccept: AddCommand = (parent, run) => {
	parent
		.command('accept')
		.description('say that a shrunk backup is meant to be so; then its series is pruned again')
		.argument('<names...>', 'as "list" shows them')
		.action((names: string[], _: object, command: Command) =>
			run(command, async ({ output, globals }) => {
				const root = backupDirectory(globals);
				const accepted = await asOwnerOf(root, async () => await accept(root, names, globals));
				output.result({ accepted: accepted.map(({ path }) => path) });
				const lines = accepted.map(({ name }) => `  ${name}`);
				output.say([`${plural(accepted.length, 'backup')} accepted:`, ...lines].join('\n'));
				return exitCodes.ok;
			}),
		);
};

async function accept(root: string, names: string[], { timeZone }: GlobalOptions): Promise<CatalogEntry[]> {
	const entries = await readCatalog({ root, timeZone, components });
	for (const name of names) assertShrunk(entries, name, root);
	const accepted = acceptedWith(entries, names);
	for (const { path } of accepted) await acceptBackup(path);
	return accepted;
}

function assertShrunk(entries: readonly CatalogEntry[], name: string, root: string): void {
	const found = entries.find((entry) => entry.name === name);
	if (found?.state === 'shrunk') return;
	const [code, what] = found
		? (['bad-parameter', `${name} is not shrunk but ${found.state}`] as const)
		: (['not-found', `${root} holds no backup of the name ${name}`] as const);
	throw new BackupError(code, what, {
		advice: 'Use a name that “list” shows as shrunk; nothing was changed',
	});
}
