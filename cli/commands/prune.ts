import { Option } from 'commander';
import type { Component, SeriesFilter } from '../../core/artifact';
import { BackupError, cancelledError } from '../../core/errors';
import {
	carryOut,
	carryOutAt,
	forgetFailedRuns,
	planPrune,
	planPruneAt,
	type PlanOptions,
	type PruneResult,
	type RetentionPolicy,
	type Verdict,
} from '../../core/retention';
import type { AddCommand, CommandTools } from '../command';
import { exitCodes } from '../exitCodes';
import { asOwnerOf } from '../identity';
import { componentOption } from '../options/component';
import { backupDirectory, chosenSeries } from '../options/global';
import { atOption, openPlace } from '../options/place';
import { addRules, policyOf } from '../options/rules';
import { wholeNumber } from '../options/numbers';
import { entryJson } from '../output/catalog';
import { failureJson, type Output } from '../output/output';
import { formatTable } from '../output/table';
import { formatBytes, plural } from '../../core/units';

interface PruneOptions extends RetentionPolicy {
	dryRun?: boolean;
	includeUnproven?: boolean;
	failed?: Component[];
	maxMegabytes?: number;
	at?: string;
}

const megabyte = 1024 * 1024;

/** `prune`: deletes what no rule keeps; with `--dry-run` only says what that would be. */
export const addPrune: AddCommand = (parent, run) => {
	const command = parent
		.command('prune')
		.description('delete old backups; today’s and the newest good one of each kind always stay')
		.option('--dry-run', 'only show what would be deleted');
	addRules(command)
		.addOption(
			new Option('--max-megabytes <number>', 'cap on the size of one component’s backups').argParser(
				wholeNumber(1),
			),
		)
		.option('--include-unproven', 'also files that have only a name like ours, no manifest')
		.addOption(componentOption('--failed <component>', 'its backup failed: delete nothing of it'))
		.addOption(atOption())
		.action((options: PruneOptions) =>
			run(command, async (tools) => {
				const { output, globals, signal } = tools;
				const { dryRun = false } = options;
				const rules = {
					timeZone: globals.timeZone,
					series: chosenSeries(globals),
					now: new Date(),
					policy: policyOf(options),
					failedComponents: options.failed ?? [],
					maxBytesPerComponent: options.maxMegabytes && options.maxMegabytes * megabyte,
				};
				await using place = await choosePlace(options, rules, tools);
				const results: Result[] = [];
				for (const verdict of await place.plan()) {
					if (signal.aborted) throw cancelledError(signal.reason);
					results.push(await attempt(verdict, place, output));
				}
				output.result(results.map(({ entry, ...rest }) => ({ ...entryJson(entry), ...rest })));
				output.say(describe(results, dryRun));
				return results.some(({ error }) => error) ? exitCodes.failed : exitCodes.ok;
			}),
		);
};

/** A verdict, and what kept it from being carried out. */
type Result = PruneResult & { locked?: boolean; error?: ReturnType<typeof failureJson> };

/** Where is pruned: the backup directory, or what `--at` names. */
interface PrunedPlace extends AsyncDisposable {
	plan(): Promise<Verdict[]>;
	carryOut(verdict: Verdict): Promise<Result>;
}

async function choosePlace(
	{ at, includeUnproven = false, dryRun = false }: PruneOptions,
	rules: Omit<PlanOptions, 'includeUnproven'> & { series: SeriesFilter },
	tools: CommandTools,
): Promise<PrunedPlace> {
	const { globals, signal } = tools;
	if (at === undefined) {
		const root = backupDirectory(globals);
		const request = { ...rules, root, includeUnproven };
		return {
			plan: async () =>
				await asOwnerOf(root, async () => {
					const verdicts = await planPrune(request);
					if (!dryRun) await forgetFailedRuns(root, verdicts, request.now);
					return verdicts;
				}),
			carryOut: async (verdict) => await asOwnerOf(root, async () => await carryOut(verdict, { dryRun })),
			[Symbol.asyncDispose]: async () => {},
		};
	}
	if (includeUnproven) {
		throw new BackupError('bad-parameter', '--at and --include-unproven exclude each other', {
			advice: 'What has no manifest off-site is not known to be ours; delete it by hand',
		});
	}
	const root = globals.directory;
	const destination = await openPlace(at, tools, root);
	return {
		plan: async () => await planPruneAt({ ...rules, destination }, signal),
		carryOut: async (verdict) =>
			await asOwnerOf(
				root ?? '',
				async () => await carryOutAt(verdict, { destination, root, dryRun }, signal),
			),
		[Symbol.asyncDispose]: async () => await destination[Symbol.asyncDispose](),
	};
}

/** One file that cannot go does not keep the others. */
async function attempt(verdict: Verdict, place: PrunedPlace, output: Output): Promise<Result> {
	try {
		return await place.carryOut(verdict);
	} catch (error) {
		output.complain(error);
		return { ...verdict, deleted: false, error: failureJson(error) };
	}
}

function describe(results: Result[], isDryRun: boolean): string {
	if (results.length === 0) return 'There are no backups to prune.';
	const rows = results.map((result) => [
		becameOf(result),
		`${result.entry.component}/${result.entry.name}`,
		formatBytes(result.entry.storedBytes),
		result.reasons.join(', '),
	]);
	const gone = results.filter(({ action, locked, error }) => action === 'delete' && !locked && !error);
	const bytes = formatBytes(gone.reduce((sum, { entry }) => sum + entry.storedBytes, 0));
	const summary = `${isDryRun ? 'Would delete' : 'Deleted'} ${plural(gone.length, 'backup')}, ${bytes}.`;
	return [formatTable(rows), '', summary].join('\n');
}

function becameOf({ action, deleted, locked, error }: Result): string {
	if (error) return 'still there';
	if (locked) return 'locked there';
	if (action === 'keep') return 'kept';
	return deleted ? 'deleted' : 'would go';
}
