import type { IExecuteFunctions, INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { type Component, components, isComponent } from '../../../core/artifact';
import { BackupError } from '../../../core/errors';
import { acceptShrunk, carryOut, forgetFailedRuns, planPrune } from '../../../core/retention';
import { allowedPath } from '../../shared/allowedPath';
import { readList } from '../../shared/parameters';
import * as shared from '../../shared/properties';
import { dryRun, type FurtherRules, furtherRules, readPolicy, rules } from '../../shared/retentionRules';
import type { Job } from '../../shared/runJobs';
import { chosenShape, simplify } from '../../shared/simplify';
import { tellMoved, Told } from '../../shared/told';

export const option: INodePropertyOptions = {
	name: 'Prune Backups',
	value: 'prune',
	description: 'Delete old backups; today’s and the newest good one of each kind always stay',
	action: 'Prune old backups',
	displayOptions: { hide: { '@tool': [true] } },
};

export const properties: INodeProperties[] = shared.forOperations(
	['prune'],
	[
		shared.backupDirectory,
		...rules,
		dryRun,
		simplify,
		{
			displayName: 'Options',
			name: 'options',
			type: 'collection',
			placeholder: 'Add option',
			default: {},
			options: [
				{
					displayName: 'Accepted Backups',
					name: 'accepted',
					type: 'string',
					default: '',
					placeholder: 'e.g. n8n_20261123_020000.sql.gz',
					description:
						'Shrunk backups that are meant to hold as little as they do. Until then nothing of their series is deleted.',
				},
				{
					displayName: 'Failed Components',
					name: 'failedComponents',
					type: 'string',
					default: '',
					placeholder: 'e.g. postgres, redis',
					description: 'Components whose backup failed in this run; nothing of theirs is deleted',
				},
				{
					displayName: 'Include Files Without Manifest',
					name: 'includeUnproven',
					type: 'boolean',
					default: false,
					description: 'Whether to treat files that only have a name like ours as backups',
				},
				{
					displayName: 'Include Other Instances',
					name: 'otherInstances',
					type: 'boolean',
					default: false,
					description: 'Whether to also judge the backups of other n8n, each by itself',
				},
				...furtherRules,
				{
					displayName: 'Size Cap per Component (MB)',
					name: 'maxMegabytes',
					type: 'number',
					typeOptions: { minValue: 0 },
					default: 0,
					description:
						'Deletes the oldest of what the rules keep until a component’s files fit, but never a protected one. 0: no cap.',
				},
			],
		},
	],
);

interface PruneOptions extends FurtherRules {
	accepted?: unknown;
	failedComponents?: unknown;
	includeUnproven?: boolean;
	maxMegabytes?: number;
	otherInstances?: boolean;
}

/** One job, and so one item, for each artifact. The whole plan stands before the first file goes. */
export async function plan(context: IExecuteFunctions, itemIndex: number): Promise<Job[]> {
	const chosen = context.getNodeParameter('options', itemIndex, {}) as PruneOptions;
	const isDryRun = context.getNodeParameter('dryRun', itemIndex) as boolean;
	const directory = context.getNodeParameter('backupDirectory', itemIndex) as string;
	const place = {
		root: await allowedPath(context, directory, 'Backup Directory'),
		timeZone: context.getTimezone(),
		accepted: readList(chosen.accepted),
	};
	const shape = chosenShape(context, itemIndex);
	const now = new Date();
	const verdicts = await planPrune({
		...place,
		now,
		policy: readPolicy(context, itemIndex, chosen),
		includeUnproven: chosen.includeUnproven ?? false,
		failedComponents: readList(chosen.failedComponents).map(asComponent),
		instanceId: chosen.otherInstances ? undefined : context.getInstanceId(),
		maxBytesPerComponent: chosen.maxMegabytes ? chosen.maxMegabytes * 1024 * 1024 : undefined,
	});
	// Not before it is known that all the rest can be understood.
	if (!isDryRun && place.accepted.length > 0) await acceptShrunk(place);
	if (!isDryRun) await forgetFailedRuns(place.root, verdicts, now);
	return verdicts.map((verdict) => async () => {
		await allowedPath(context, verdict.entry.path, 'Artifact');
		const { entry, action, deleted, reasons } = await carryOut(verdict, { dryRun: isDryRun });
		const item = shape.pruned({ entry, action, deleted, dryRun: isDryRun, reasons });
		if (action === 'keep') return item;
		return new Told(item, tellMoved(entry, deleted ? 'deleted' : 'would be deleted'));
	});
}

function asComponent(name: string): Component {
	if (isComponent(name)) return name;
	throw new BackupError('bad-parameter', `"${name}" is no component`, {
		advice: `Use ${components.join(', ')}; nothing was deleted`,
	});
}
