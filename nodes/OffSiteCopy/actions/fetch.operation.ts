import type { IExecuteFunctions, INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { newestOfEach } from '../../../core/artifact';
import { BackupError } from '../../../core/errors';
import { fetchBackup, readRemoteCatalog } from '../../../core/offsite';
import { readList } from '../../shared/parameters';
import { progressReporter } from '../../shared/progress';
import * as shared from '../../shared/properties';
import type { Job } from '../../shared/runJobs';
import { chosenShape, simplify } from '../../shared/simplify';
import { tellMoved, Told } from '../../shared/told';
import { openPlaces } from '../destination';
import { settle } from '../outcome';

export const option: INodePropertyOptions = {
	name: 'Fetch Backups',
	value: 'fetch',
	description: 'Bring backups back into the backup directory',
	action: 'Fetch backups',
};

export const properties: INodeProperties[] = shared.forOperations(
	['fetch'],
	[
		{
			displayName: 'Backups',
			name: 'names',
			type: 'string',
			default: '',
			placeholder: 'e.g. n8n_20261123_020000.sql.gz',
			description:
				'File names as List Copies shows them, with commas between; empty for the newest of each kind',
		},
		simplify,
	],
);

/** One item for each backup that is here now. */
export async function plan(
	context: IExecuteFunctions,
	itemIndex: number,
	signal: AbortSignal,
): Promise<Job[]> {
	const names = readList(context.getNodeParameter('names', itemIndex, ''));
	const shape = chosenShape(context, itemIndex);
	const { root, destination } = await openPlaces(context, itemIndex, signal);
	await using _ = destination;
	const { place } = destination;
	const entries = await readRemoteCatalog({ destination, timeZone: context.getTimezone() }, signal);
	const chosen =
		names.length > 0
			? entries.filter(({ name }) => names.includes(name))
			: newestOfEach(entries.filter(({ state }) => state === 'good'));
	const missing = names.find((name) => chosen.every((entry) => entry.name !== name));
	if (missing !== undefined || chosen.length === 0) {
		throw new BackupError('not-found', `There is no ${missing ?? 'good backup'} at ${place}`, {
			advice: 'See with List what is there',
		});
	}
	const onProgress = progressReporter(context);
	const jobs: Job[] = [];
	for (const entry of chosen) {
		const bring = async () => {
			const { path, outcome, manifest, warnings } = await fetchBackup(
				{ destination, entry, root, onProgress },
				signal,
			);
			const item = shape.fetched({ entry: { ...entry, path, manifest }, place, outcome, warnings });
			return outcome === 'fetched' ? new Told(item, tellMoved(entry, `fetched from ${place}`)) : item;
		};
		jobs.push(await settle(bring));
	}
	return jobs;
}
