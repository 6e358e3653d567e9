import type { IDataObject, IExecuteFunctions, INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { BackupError } from '../../../core/errors';
import { drill, type DrillReport } from '../../../core/postgres/drill/drill';
import { allowedPath } from '../../shared/allowedPath';
import { artifact, chooseArtifacts } from '../../shared/artifactParameter';
import { readList } from '../../shared/parameters';
import { progressReporter } from '../../shared/progress';
import * as shared from '../../shared/properties';
import type { Job } from '../../shared/runJobs';
import { chosenConnection, type ConnectionOptions, idleTimeout } from '../connectionOptions';
import { withoutExtensions } from '../withoutExtensions';

export const option: INodePropertyOptions = {
	name: 'Drill',
	value: 'drill',
	description: 'Restore a backup into a scratch database, compare it, and drop it again',
	action: 'Drill a restore',
};

export const properties: INodeProperties[] = shared.forOperations(
	['drill'],
	[
		{
			displayName:
				'The drill restores on the server of this node’s credential. Choose another server’s to keep the load away from the one in use; its user must be allowed to create databases.',
			name: 'drillNotice',
			type: 'notice',
			default: '',
		},
		shared.backupDirectory,
		...artifact,
		{
			displayName: 'Options',
			name: 'options',
			type: 'collection',
			placeholder: 'Add option',
			default: {},
			options: [
				idleTimeout,
				{
					displayName: 'Largest Backup (MB)',
					name: 'maxMegabytes',
					type: 'number',
					typeOptions: { minValue: 1 },
					default: 20480,
					description:
						'Size of the uncompressed SQL above which the drill does not begin, to spare the server',
				},
				withoutExtensions,
			],
		},
	],
);

interface DrillOptions extends ConnectionOptions {
	maxMegabytes?: number;
	withoutExtensions?: string;
}

/** One item with a table of checks for each database; a check that failed is an error. */
export async function plan(context: IExecuteFunctions, itemIndex: number): Promise<Job[]> {
	const chosen = context.getNodeParameter('options', itemIndex, {}) as DrillOptions;
	const { maxMegabytes } = chosen;
	const directory = context.getNodeParameter('backupDirectory', itemIndex) as string;
	const dumps = await chooseArtifacts(context, itemIndex, ['postgres']);
	const request = {
		root: await allowedPath(context, directory, 'Backup Directory'),
		timeZone: context.getTimezone(),
		connection: await chosenConnection(context, itemIndex, chosen),
		maxRawBytes: maxMegabytes === undefined ? undefined : maxMegabytes * 1024 * 1024,
		withoutExtensions: readList(chosen.withoutExtensions),
		onProgress: progressReporter(context),
	};
	return dumps.map(
		({ path }): Job =>
			async (signal) =>
				drillItem(await drill({ ...request, artifactPath: path }, signal)),
	);
}

function drillItem({ artifactPath, result, checks, obstacle, ...report }: DrillReport): IDataObject {
	if (result === 'passed') {
		return { path: artifactPath, result, checks: checks.map((check) => ({ ...check })), ...report };
	}
	if (obstacle) {
		const what = `Whether ${artifactPath} can be restored is unknown, since the drill could not be done: ${obstacle.what}`;
		throw new BackupError(obstacle.code, what, { advice: obstacle.advice });
	}
	const faults = checks.filter((check) => check.result === 'failed').map(({ detail }) => detail);
	throw new BackupError('damaged', `${artifactPath} did not pass its drill: ${faults.join(' ')}`, {
		advice: 'Do not rely on it; drill an older one, and make a new backup',
	});
}
