import type { IExecuteFunctions, INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { readRemoteCatalog } from '../../../core/offsite';
import * as shared from '../../shared/properties';
import type { Job } from '../../shared/runJobs';
import { chosenShape, simplify } from '../../shared/simplify';
import { openPlaces } from '../destination';

export const option: INodePropertyOptions = {
	name: 'List Copies',
	value: 'list',
	description: 'List the copies that are there, with state, size and age',
	action: 'List copies',
};

export const properties: INodeProperties[] = shared.forOperations(['list'], [simplify]);

/** One item for each copy, newest first within its component. */
export async function plan(
	context: IExecuteFunctions,
	itemIndex: number,
	signal: AbortSignal,
): Promise<Job[]> {
	const shape = chosenShape(context, itemIndex);
	const { destination } = await openPlaces(context, itemIndex, signal);
	await using _ = destination;
	const { place } = destination;
	const entries = await readRemoteCatalog({ destination, timeZone: context.getTimezone() }, signal);
	return entries.map((entry) => async () => await Promise.resolve(shape.copyEntry(entry, place)));
}
