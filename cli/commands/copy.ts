import type { Command } from 'commander';
import type { Component } from '../../core/artifact';
import { copyBackups, type CopyOutcome, unencryptedKeyWarnings } from '../../core/offsite';
import type { AddCommand } from '../command';
import { type ExitCode, exitCodeOf, exitCodes, worstOf } from '../exitCodes';
import { asOwnerOf } from '../identity';
import { componentOption } from '../options/component';
import { backupDirectory, chosenSeries } from '../options/global';
import { atOption, openPlace } from '../options/place';
import { entryJson } from '../output/catalog';
import { failureJson } from '../output/output';
import { plural } from '../../core/units';

interface CopyOptions {
	at: string;
	component?: Component[];
	readBack?: boolean;
}

/** `copy`: makes a place off-site hold what the backup directory holds. */
export const addCopy: AddCommand = (parent, run) => {
	parent
		.command('copy')
		.description('copy every good backup to a place off-site that is not there yet, newest first')
		.addOption(atOption().makeOptionMandatory())
		.addOption(componentOption())
		.option('--read-back', 'read each copy back and compare every byte')
		.action((options: CopyOptions, command: Command) =>
			run(command, async (tools) => {
				const { globals, output, signal } = tools;
				const root = backupDirectory(globals);
				const { component: components, readBack } = options;
				const outcomes = await asOwnerOf(root, async () => {
					await using destination = await openPlace(options.at, tools, root);
					const { timeZone } = globals;
					const wanted = { root, timeZone, components, series: chosenSeries(globals) };
					const { onProgress } = output;
					return await copyBackups({ ...wanted, destination, readBack, onProgress }, signal);
				});
				for (const copied of outcomes) {
					const { entry, outcome, error, recordProblem } = copied;
					if (error !== undefined) output.complain(error);
					else output.say(`${entry.component}/${entry.name}: ${outcome}`);
					output.note(unencryptedKeyWarnings(copied));
					if (recordProblem !== undefined) output.say(`  Where it is was not written down: ${recordProblem}`);
				}
				output.result(outcomes.map(outcomeJson));
				output.say(summarize(outcomes));
				return worstOf(
					outcomes.map(({ error }): ExitCode => (error === undefined ? exitCodes.ok : exitCodeOf(error))),
				);
			}),
		);
};

function outcomeJson({ entry, error, ...rest }: CopyOutcome): object {
	return { ...entryJson(entry), ...rest, ...(error !== undefined && { error: failureJson(error) }) };
}

function summarize(outcomes: CopyOutcome[]): string {
	const count = (wanted: CopyOutcome['outcome']) =>
		outcomes.filter(({ outcome }) => outcome === wanted).length;
	const failed = count('failed');
	const copied = `Copied ${plural(count('copied'), 'backup')}; ${count('already there')} were there already`;
	return failed === 0 ? `${copied}.` : `${copied}, ${failed} could not be copied.`;
}
