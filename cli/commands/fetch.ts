import type { Command } from 'commander';
import type { Component } from '../../core/artifact';
import { BackupError } from '../../core/errors';
import { fetchBackup, readRemoteCatalog } from '../../core/offsite';
import type { AddCommand } from '../command';
import { type ExitCode, exitCodeOf, exitCodes, worstOf } from '../exitCodes';
import { asOwnerOf } from '../identity';
import { componentOption } from '../options/component';
import { backupDirectory, chosenSeries } from '../options/global';
import { atOption, openPlace } from '../options/place';
import { failureJson } from '../output/output';
import { chooseEntries } from './verifyAt';

interface FetchOptions {
	at: string;
	all?: boolean;
	component?: Component[];
}

/** `fetch`: brings backups from a place off-site into the backup directory. */
export const addFetch: AddCommand = (parent, run) => {
	parent
		.command('fetch')
		.description('bring backups from a place off-site; without names the newest good one of each kind')
		.argument('[names...]', 'file names, as "list --at" shows them')
		.addOption(atOption().makeOptionMandatory())
		.option('--all', 'every backup that is there')
		.addOption(componentOption())
		.action((named: string[], options: FetchOptions, command: Command) =>
			run(command, async (tools) => {
				const { globals, output, signal } = tools;
				if (named.length > 0 && options.all) {
					throw new BackupError('bad-parameter', 'Names and --all exclude each other', {
						advice: 'Use one of them',
					});
				}
				const root = backupDirectory(globals);
				await using destination = await openPlace(options.at, tools, root);
				const { timeZone } = globals;
				const wanted = { timeZone, components: options.component, series: chosenSeries(globals) };
				const entries = await readRemoteCatalog({ ...wanted, destination }, signal);
				const newest = !options.all;
				const results: object[] = [];
				const codes: ExitCode[] = [];
				for (const entry of chooseEntries(entries, { named, newest }, destination.place)) {
					try {
						const request = { destination, entry, root, onProgress: output.onProgress };
						const fetched = await asOwnerOf(root, async () => await fetchBackup(request, signal));
						results.push(fetched);
						output.say([`${fetched.path}: ${fetched.outcome}`, ...fetched.warnings].join('\n  '));
						codes.push(exitCodes.ok);
					} catch (error) {
						if (signal.aborted) throw error;
						results.push({ name: entry.name, error: failureJson(error) });
						output.complain(error);
						codes.push(exitCodeOf(error));
					}
				}
				output.result(results);
				return worstOf(codes);
			}),
		);
};
