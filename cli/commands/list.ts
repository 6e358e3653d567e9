import type { Command } from 'commander';
import { type CatalogEntry, type Component, readCatalog } from '../../core/artifact';
import { printableLine } from '../../core/errors';
import { readRemoteCatalog } from '../../core/offsite';
import type { AddCommand, CommandTools } from '../command';
import { type ExitCode, exitCodes } from '../exitCodes';
import { asOwnerOf } from '../identity';
import { componentOption } from '../options/component';
import { backupDirectory, chosenSeries } from '../options/global';
import { atOption, openPlace } from '../options/place';
import { entryJson, stateAndChecks, whatItHolds } from '../output/catalog';
import { formatTable } from '../output/table';
import { formatBytes, formatDate } from '../../core/units';

interface ListOptions {
	component?: Component[];
	at?: string;
}

/** `list`: what the backup directory holds, by names and manifests, without reading the artifacts. */
export const addList: AddCommand = (parent, run) => {
	parent
		.command('list')
		.description('show the backups that are there, newest first')
		.addOption(componentOption())
		.addOption(atOption())
		.action((options: ListOptions, command: Command) =>
			run(command, async (tools) => {
				if (options.at !== undefined) return await listAt(options.at, options, tools);
				const { output, globals } = tools;
				const root = backupDirectory(globals);
				const { timeZone } = globals;
				const series = chosenSeries(globals);
				const wanted = { root, timeZone, components: options.component, series };
				const entries = await asOwnerOf(root, async () => await readCatalog(wanted));
				output.result(entries.map(entryJson));
				output.say(entries.length === 0 ? `There are no backups in ${root}.` : asTable(entries, timeZone));
				return exitCodes.ok;
			}),
		);
};

async function listAt(
	at: string,
	{ component: components }: ListOptions,
	tools: CommandTools,
): Promise<ExitCode> {
	const { output, globals, signal } = tools;
	await using destination = await openPlace(at, tools);
	const { timeZone } = globals;
	const wanted = { destination, timeZone, components, series: chosenSeries(globals) };
	const entries = await readRemoteCatalog(wanted, signal);
	output.result(entries.map(entryJson));
	output.say(
		entries.length === 0 ? `There are no backups at ${destination.place}.` : asTable(entries, timeZone),
	);
	return exitCodes.ok;
}

function asTable(entries: CatalogEntry[], timeZone: string): string {
	// Of interest only where several n8n share the directory, which none should.
	const instances = new Set(entries.flatMap(({ manifest }) => manifest?.instanceId ?? []));
	const ofInstance = (text: string) => (instances.size > 1 ? [text] : []);
	const headings = ['COMPONENT', 'NAME', 'BEGUN', 'SIZE', 'HOLDS', ...ofInstance('INSTANCE'), 'STATE'];
	const rows = entries.map((entry) => [
		entry.component,
		entry.name,
		formatDate(entry.at, timeZone),
		formatBytes(entry.storedBytes),
		whatItHolds(entry),
		...ofInstance(entry.manifest?.instanceId?.slice(0, 12) ?? '?'),
		stateAndChecks(entry, timeZone),
	]);
	const problems = entries.flatMap(({ name, problem }) =>
		problem ? [printableLine(`${name}: ${problem}`)] : [],
	);
	return [formatTable([headings, ...rows]), ...(problems.length > 0 ? ['', ...problems] : [])].join('\n');
}
