import type { IExecuteFunctions, INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { carryOutAt, planPruneAt } from '../../../core/retention';
import { dryRun, type FurtherRules, furtherRules, readPolicy, rules } from '../../shared/retentionRules';
import * as shared from '../../shared/properties';
import type { Job } from '../../shared/runJobs';
import { chosenShape, simplify } from '../../shared/simplify';
import { tellMoved, Told } from '../../shared/told';
import { openPlaces } from '../destination';
import { settle } from '../outcome';

export const option: INodePropertyOptions = {
	name: 'Prune Copies',
	value: 'prune',
	description: 'Delete old copies; today’s and the newest good one of each kind always stay',
	action: 'Prune old copies',
};

export const properties: INodeProperties[] = shared.forOperations(
	['prune'],
	[
		...rules,
		dryRun,
		simplify,
		{
			displayName: 'Options',
			name: 'options',
			type: 'collection',
			placeholder: 'Add option',
			default: {},
			options: furtherRules,
		},
	],
);

/** One item for each copy, of what became of it. */
export async function plan(
	context: IExecuteFunctions,
	itemIndex: number,
	signal: AbortSignal,
): Promise<Job[]> {
	const chosen = context.getNodeParameter('options', itemIndex, {}) as FurtherRules;
	const isDryRun = context.getNodeParameter('dryRun', itemIndex) as boolean;
	const policy = readPolicy(context, itemIndex, chosen);
	const shape = chosenShape(context, itemIndex);
	const { root, destination } = await openPlaces(context, itemIndex, signal);
	await using _ = destination;
	const { place } = destination;
	const verdicts = await planPruneAt(
		{
			destination,
			timeZone: context.getTimezone(),
			now: new Date(),
			policy,
			failedComponents: [],
			instanceId: context.getInstanceId(),
		},
		signal,
	);
	const jobs: Job[] = [];
	for (const verdict of verdicts) {
		const carryOut = async () => {
			const result = await carryOutAt(verdict, { destination, root, dryRun: isDryRun }, signal);
			const { action, deleted, locked, reasons } = result;
			const { entry } = verdict;
			const item = shape.pruned({ entry, place, action, deleted, locked, dryRun: isDryRun, reasons });
			return deleted ? new Told(item, tellMoved(entry, `deleted at ${place}`)) : item;
		};
		jobs.push(await settle(carryOut));
	}
	return jobs;
}
