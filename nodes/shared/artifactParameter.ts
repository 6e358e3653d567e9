import type { IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import { basename } from 'node:path';
import {
	type ArtifactChoice,
	artifactNamed,
	type CatalogEntry,
	type Component,
	newestGoodArtifact,
	newestGoodArtifacts,
	otherInstances,
	type SeriesFilter,
	shrunkSince,
} from '../../core/artifact';
import { allowedPath } from './allowedPath';
import { newestGood, newestGoodName } from './lists/newestGood';
import { readText } from './parameters';

/** What backups of a component are called, for placeholders. */
const examples: Record<Component, { prefix: string; name: string }> = {
	postgres: { prefix: 'n8n', name: 'n8n_20261123_020000.sql.gz' },
	redis: { prefix: 'dump', name: 'dump_20261123_020000.rdb' },
	n8n: { prefix: 'n8n_data', name: 'n8n_data_20261123_020000.tar.gz' },
	env: { prefix: 'env', name: 'env_20261123_020000.backup' },
};

/** Which series of backups an operation is about. */
export const series = (component: Component): INodeProperties[] => [
	{
		displayName: 'File Prefix',
		name: 'artifactPrefix',
		type: 'string',
		default: '',
		placeholder: `e.g. ${examples[component].prefix}`,
		description:
			'Only backups with this before the date in their file names: the database’s name, mostly. Empty: any.',
	},
	{
		displayName: 'Instance',
		name: 'artifactInstance',
		type: 'string',
		default: '',
		placeholder: 'e.g. a1b2c3d4',
		description:
			'Only backups of the n8n with this instance ID, or its beginning. Empty: of this n8n. “unknown”: of which nobody knows.',
	},
];

/** Workflows of before there was a list have the name alone here; n8n takes that as it is. */
export const artifactName = (component: Component): INodeProperties => ({
	displayName: 'Backup',
	name: 'artifact',
	type: 'resourceLocator',
	default: { mode: 'list', value: newestGood, cachedResultName: newestGoodName },
	description: 'The newest good one when the workflow runs, or always the one that is chosen',
	modes: [
		{
			displayName: 'From List',
			name: 'list',
			type: 'list',
			typeOptions: { searchListMethod: 'searchBackups', searchable: true },
		},
		{
			displayName: 'By Name',
			name: 'name',
			type: 'string',
			placeholder: `e.g. ${examples[component].name}`,
			hint: 'File name as List Backups of Prune Backups shows it; empty for the newest good one',
		},
	],
});

/** Which backup an operation is about, by name or the newest. */
export const artifact = (component: Component): INodeProperties[] => [
	artifactName(component),
	...series(component).map((property) => ({
		...property,
		displayOptions: { show: { artifact: ['', newestGood] } },
	})),
];

/**
 * The backup that the parameters mean, in the backup directory that they name.
 *
 * @throws BackupError when there is no such backup, or n8n does not allow its path
 */
export async function chosenBackup(
	context: IExecuteFunctions,
	itemIndex: number,
	components: readonly Component[],
): Promise<CatalogEntry> {
	const choice = await readChoice(context, itemIndex, components);
	const named = await namedArtifact(context, itemIndex, choice);
	const entry = named ?? (await newestGoodArtifact(choice));
	if (!named) await tellOfOthers(context, choice, [entry]);
	await allowedPath(context, entry.path, 'Backup');
	return entry;
}

/** The backup that is named, or the newest good one of each series; else as {@link chosenBackup}. */
export async function chosenBackups(
	context: IExecuteFunctions,
	itemIndex: number,
	components: readonly Component[],
): Promise<CatalogEntry[]> {
	const choice = await readChoice(context, itemIndex, components);
	const named = await namedArtifact(context, itemIndex, choice);
	const entries = named ? [named] : await newestGoodArtifacts(choice);
	if (!named) await tellOfOthers(context, choice, entries);
	for (const { path } of entries) await allowedPath(context, path, 'Backup');
	return entries;
}

/**
 * The series that the parameters mean; where no n8n is named it is this one.
 *
 * @param orUnknown then also what is of an unknown n8n
 */
export function readSeries(
	context: IExecuteFunctions,
	itemIndex: number,
	{ orUnknown = false } = {},
): SeriesFilter {
	const prefix = readText(context.getNodeParameter('artifactPrefix', itemIndex, '') as string);
	const instance = readText(context.getNodeParameter('artifactInstance', itemIndex, '') as string);
	return instance === undefined
		? { prefix, instance: context.getInstanceId(), orUnknown }
		: { prefix, instance };
}

/** Says in the editor what was not taken: newer ones that are shrunk, and other n8n's, and how they are taken. */
async function tellOfOthers(
	context: IExecuteFunctions,
	choice: ArtifactChoice,
	chosen: readonly CatalogEntry[],
): Promise<void> {
	for (const message of await shrunkSince(choice, chosen))
		context.addExecutionHints({ message, location: 'outputPane' });
	const others = await otherInstances(choice);
	if (others.length === 0) return;
	context.addExecutionHints({
		message: `There are also backups of ${others.join(', ')}. To take them, set Instance; to keep them apart, give each n8n a directory of its own.`,
		location: 'outputPane',
	});
}

async function readChoice(
	context: IExecuteFunctions,
	itemIndex: number,
	components: readonly Component[],
): Promise<ArtifactChoice> {
	const directory = context.getNodeParameter('backupDirectory', itemIndex) as string;
	return {
		root: await allowedPath(context, directory, 'Backup Directory'),
		timeZone: context.getTimezone(),
		components,
		series: readSeries(context, itemIndex),
	};
}

/** A path is as good as a name: items of other operations carry both. Of which n8n it is was then said, too. */
async function namedArtifact(
	context: IExecuteFunctions,
	itemIndex: number,
	choice: ArtifactChoice,
): Promise<CatalogEntry | undefined> {
	const chosen = context.getNodeParameter('artifact', itemIndex, '', { extractValue: true }) as string | null;
	const name = basename((chosen ?? '').trim());
	return name === '' || name === newestGood ? undefined : await artifactNamed(name, choice);
}
