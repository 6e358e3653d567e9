import type { IExecuteFunctions, INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { copyBackups, unencryptedKeyWarnings } from '../../../core/offsite';
import { progressReporter } from '../../shared/progress';
import * as shared from '../../shared/properties';
import type { Job } from '../../shared/runJobs';
import { chosenShape, simplify } from '../../shared/simplify';
import { tellMoved, Told } from '../../shared/told';
import { openPlaces } from '../destination';
import { failed } from '../outcome';

export const option: INodePropertyOptions = {
	name: 'Copy Backups',
	value: 'copy',
	description: 'Copy every good backup that is not there yet, newest first',
	action: 'Copy backups off-site',
};

export const properties: INodeProperties[] = shared.forOperations(
	['copy'],
	[
		simplify,
		{
			displayName: 'Options',
			name: 'copyOptions',
			type: 'collection',
			placeholder: 'Add option',
			default: {},
			options: [
				{
					displayName: 'Files at a Time',
					name: 'filesAtOnce',
					type: 'number',
					typeOptions: { minValue: 1, maxValue: 8 },
					default: 2,
					description: 'How many files are copied side by side',
				},
				{
					displayName: 'Read Back',
					name: 'readBack',
					type: 'boolean',
					default: false,
					description: 'Whether to read each copy back and compare every byte',
				},
			],
		},
	],
);

/** One item for each good backup, of what became of its copy. */
export async function plan(
	context: IExecuteFunctions,
	itemIndex: number,
	signal: AbortSignal,
): Promise<Job[]> {
	const options = context.getNodeParameter('copyOptions', itemIndex, {}) as {
		filesAtOnce?: number;
		readBack?: boolean;
	};
	const shape = chosenShape(context, itemIndex);
	const { root, destination } = await openPlaces(context, itemIndex, signal);
	await using _ = destination;
	const timeZone = context.getTimezone();
	const onProgress = progressReporter(context);
	const outcomes = await copyBackups({ ...options, root, timeZone, destination, onProgress }, signal);
	const { place } = destination;
	return outcomes.map((copied) => {
		const { entry, error, outcome, recordProblem } = copied;
		if (error !== undefined) return failed(error);
		const warnings = [
			...unencryptedKeyWarnings(copied),
			...(recordProblem === undefined ? [] : [recordProblem]),
		];
		const item = shape.copied({ entry, place, outcome, warnings });
		const made = outcome === 'copied' ? new Told(item, tellMoved(entry, `copied to ${place}`)) : item;
		return async () => await Promise.resolve(made);
	});
}
