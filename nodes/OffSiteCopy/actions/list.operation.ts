import type { IExecuteFunctions, INodePropertyOptions } from 'n8n-workflow';
import { readRemoteCatalog } from '../../../core/offsite';
import { catalogItem } from '../../shared/catalogItem';
import type { Job } from '../../shared/runJobs';
import { openPlaces } from '../destination';

export const option: INodePropertyOptions = {
	name: 'List',
	value: 'list',
	description: 'List the copies that are there, with state, size and age',
	action: 'List copies',
};

/** One item for each copy, newest first within its component. */
export async function plan(
	context: IExecuteFunctions,
	itemIndex: number,
	signal: AbortSignal,
): Promise<Job[]> {
	const { destination } = await openPlaces(context, itemIndex, signal);
	await using _ = destination;
	const { place } = destination;
	const entries = await readRemoteCatalog({ destination, timeZone: context.getTimezone() }, signal);
	return entries.map((entry) => async () => await Promise.resolve({ ...catalogItem(entry), place }));
}
