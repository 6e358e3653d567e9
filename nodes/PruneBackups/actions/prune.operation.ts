import type { IDataObject, IExecuteFunctions, INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { type Component, components, isComponent } from '../../../core/artifact';
import { BackupError } from '../../../core/errors';
import {
	acceptShrunk,
	carryOut,
	planPrune,
	type PruneResult,
	type RetentionPolicy,
} from '../../../core/retention';
import { allowedPath } from '../../shared/allowedPath';
import { catalogItem } from '../../shared/catalogItem';
import { readList } from '../../shared/parameters';
import * as shared from '../../shared/properties';
import type { Job } from '../../shared/runJobs';

export const option: INodePropertyOptions = {
	name: 'Prune',
	value: 'prune',
	description: 'Delete old backups; today’s and the newest good one of each kind always stay',
	action: 'Prune old backups',
};

const rule = (
	displayName: string,
	name: keyof RetentionPolicy,
	defaultCount: number,
	description: string,
) => ({
	displayName,
	name,
	type: 'number' as const,
	typeOptions: { minValue: 0, numberPrecision: 0 },
	default: defaultCount,
	description: `${description}. 0 switches the rule off; what any rule keeps is kept.`,
});

export const properties: INodeProperties[] = shared.forOperations(
	['prune'],
	[
		shared.backupDirectory,
		rule('Keep Days', 'keepDays', 7, 'Keep everything of this many days before the newest backup'),
		rule('Keep Last', 'keepLast', 3, 'Keep the newest backups, this many of each kind'),
		{
			displayName: 'Dry Run',
			name: 'dryRun',
			type: 'boolean',
			default: false,
			description: 'Whether to only show what would be deleted',
		},
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
					placeholder: 'n8n_20261123_020000.sql.gz',
					description:
						'Shrunk backups that are meant to hold as little as they do. Until then nothing of their series is deleted.',
				},
				{
					displayName: 'Failed Components',
					name: 'failedComponents',
					type: 'string',
					default: '',
					placeholder: 'postgres, redis',
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
				rule('Keep Daily', 'keepDaily', 0, 'Keep the newest backup of each of the last days that have one'),
				rule(
					'Keep Monthly',
					'keepMonthly',
					0,
					'Keep the newest backup of each of the last months that have one',
				),
				rule(
					'Keep Weekly',
					'keepWeekly',
					0,
					'Keep the newest backup of each of the last weeks that have one',
				),
				rule(
					'Keep Yearly',
					'keepYearly',
					0,
					'Keep the newest backup of each of the last years that have one',
				),
				{
					displayName: 'Size Cap per Component (MB)',
					name: 'maxMegabytes',
					type: 'number',
					typeOptions: { minValue: 1 },
					default: 10240,
					description:
						'Deletes the oldest of what the rules keep until a component’s files fit, but never a protected one',
				},
			],
		},
	],
);

interface PruneOptions extends Partial<RetentionPolicy> {
	accepted?: unknown;
	failedComponents?: unknown;
	includeUnproven?: boolean;
	maxMegabytes?: number;
	otherInstances?: boolean;
}

/** One job, and so one item, for each artifact. The whole plan stands before the first file goes. */
export async function plan(context: IExecuteFunctions, itemIndex: number): Promise<Job[]> {
	const chosen = context.getNodeParameter('options', itemIndex, {}) as PruneOptions;
	const dryRun = context.getNodeParameter('dryRun', itemIndex) as boolean;
	const directory = context.getNodeParameter('backupDirectory', itemIndex) as string;
	const place = {
		root: await allowedPath(context, directory, 'Backup Directory'),
		timeZone: context.getTimezone(),
		accepted: readList(chosen.accepted),
	};
	if (!dryRun && place.accepted.length > 0) await acceptShrunk(place);
	const verdicts = await planPrune({
		...place,
		now: new Date(),
		policy: readPolicy(context, itemIndex, chosen),
		includeUnproven: chosen.includeUnproven ?? false,
		failedComponents: readList(chosen.failedComponents).map(asComponent),
		instanceId: chosen.otherInstances ? undefined : context.getInstanceId(),
		maxBytesPerComponent: chosen.maxMegabytes === undefined ? undefined : chosen.maxMegabytes * 1024 * 1024,
	});
	return verdicts.map((verdict) => async () => {
		await allowedPath(context, verdict.entry.path, 'Artifact');
		return pruneItem(await carryOut(verdict, { dryRun }), dryRun);
	});
}

function readPolicy(context: IExecuteFunctions, itemIndex: number, chosen: PruneOptions): RetentionPolicy {
	return {
		keepDays: Number(context.getNodeParameter('keepDays', itemIndex)),
		keepLast: Number(context.getNodeParameter('keepLast', itemIndex)),
		keepDaily: chosen.keepDaily ?? 0,
		keepWeekly: chosen.keepWeekly ?? 0,
		keepMonthly: chosen.keepMonthly ?? 0,
		keepYearly: chosen.keepYearly ?? 0,
	};
}

function asComponent(name: string): Component {
	if (isComponent(name)) return name;
	throw new BackupError('bad-parameter', `"${name}" is no component`, {
		advice: `Use ${components.join(', ')}; nothing was deleted`,
	});
}

function pruneItem({ entry, action, reasons, deleted }: PruneResult, dryRun: boolean): IDataObject {
	return { ...catalogItem(entry), action, deleted, dryRun, reasons };
}
