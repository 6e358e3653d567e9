import type { ILoadOptionsFunctions, INodeListSearchResult, INodePropertyOptions } from 'n8n-workflow';
import {
	artifactNamed,
	type CatalogEntry,
	type Component,
	newestFirst,
	newestGoodArtifacts,
	presentArtifacts,
} from '../../../core/artifact';
import { BackupError } from '../../../core/errors';
import { plural } from '../../../core/units';
import { backupLabel } from './backupLabel';
import { listableDirectory } from './listableDirectory';
import { known, listed } from './listed';
import { newestGood, newestGoodName } from './newestGood';
import { choices } from './choices';

/** Which components a list is about, by the operation that is chosen. */
export type ComponentsOf = (context: ILoadOptionsFunctions) => readonly Component[];

/** Fills the list of backups: the newest good one, whichever that is, then all by date. */
export function searchBackups(componentsOf: ComponentsOf) {
	return async function (this: ILoadOptionsFunctions, filter?: string): Promise<INodeListSearchResult> {
		const labels = { timeZone: this.getTimezone(), instanceId: this.getInstanceId() };
		const entries = await listed(
			this,
			'choose By Name and type the file name',
			async () => await backupsFor(this, componentsOf(this)),
		);
		const found = choices(
			entries.map((entry) => ({ value: entry.name, label: backupLabel(entry, labels) })),
			filter,
		);
		const newest = { name: newestGoodName, value: newestGood };
		return { results: [...(filter ? [] : [newest]), ...found.results] };
	};
}

/** Fills a list with the tables of the chosen dump, by its manifest. */
export async function getTablesOfBackup(this: ILoadOptionsFunctions): Promise<INodePropertyOptions[]> {
	return await listed(this, 'switch to Expression and write the tables with commas between', async () => {
		const choice = { ...(await placeOf(this)), components: ['postgres'] as const };
		const name = known(this, 'artifact');
		const entry =
			name === '' || name === newestGood
				? (await newestGoodArtifacts(choice))[0]
				: await artifactNamed(name, choice);
		const census = entry?.manifest?.census;
		if (census?.kind !== 'postgres') {
			throw new BackupError('unsupported', 'The backup has no manifest that names its tables', {
				advice: 'Choose another one',
			});
		}
		return Object.entries(census.tables).map(([table, rows]) => ({
			name: `${table} · ${plural(rows, 'row')}`,
			value: table,
		}));
	});
}

async function backupsFor(
	context: ILoadOptionsFunctions,
	components: readonly Component[],
): Promise<CatalogEntry[]> {
	const present = await presentArtifacts({ ...(await placeOf(context)), components });
	return [...present].sort(newestFirst);
}

async function placeOf(context: ILoadOptionsFunctions): Promise<{ root: string; timeZone: string }> {
	const directory = known(context, 'backupDirectory');
	if (directory === '') {
		throw new BackupError('bad-parameter', 'Backup Directory is an expression that has no value yet', {
			advice: 'Run the node before this one, so that it has one',
		});
	}
	return { root: await listableDirectory(directory), timeZone: context.getTimezone() };
}
