import type { IExecuteFunctions, INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { BackupError } from '../../../core/errors';
import { drill, type DrillReport } from '../../../core/postgres/drill/drill';
import { allowedPath } from '../../shared/allowedPath';
import { artifact, chosenBackups } from '../../shared/artifactParameter';
import { decrypt, decryptionKeys } from '../../shared/encryption';
import { readList } from '../../shared/parameters';
import { progressReporter } from '../../shared/progress';
import { drillFailed } from '../../shared/drillFailed';
import * as shared from '../../shared/properties';
import type { Job } from '../../shared/runJobs';
import { chosenShape, drillFigures, simplify } from '../../shared/simplify';
import { tellDrill, Told } from '../../shared/told';
import { chosenConnection, type ConnectionOptions, idleTimeout } from '../connectionOptions';
import { withoutExtensions } from '../withoutExtensions';

export const option: INodePropertyOptions = {
	name: 'Drill Backup',
	value: 'drill',
	description: 'Restore a backup into a database that is gone afterwards, and compare it',
	action: 'Drill backup',
};

const largestBackup = (drillPlace: string, megabytes: number): INodeProperties => ({
	displayName: 'Largest Backup (MB)',
	name: 'maxMegabytes',
	type: 'number',
	typeOptions: { minValue: 1 },
	default: megabytes,
	displayOptions: { show: { '/drillPlace': [drillPlace] } },
	description: 'Size of the uncompressed SQL above which the drill does not begin',
});

export const properties: INodeProperties[] = shared.forOperations(
	['drill'],
	[
		{
			displayName: 'Restore In',
			name: 'drillPlace',
			type: 'options',
			default: 'insideN8n',
			options: [
				{
					// eslint-disable-next-line n8n-nodes-base/node-param-display-name-miscased -- n8n is written in lower case
					name: 'Inside n8n',
					value: 'insideN8n',
					description: 'In a PostgreSQL that this package brings along; nothing to set up',
				},
				{
					name: 'On a Server',
					value: 'server',
					description:
						'In a scratch database on the server of this node’s credential, for what is larger or needs its extensions. The user must be allowed to create databases.',
				},
			],
			description:
				'Where the backup is restored to be proven. Another server than the one in use keeps the load away from it.',
		},
		shared.backupDirectory,
		...artifact('postgres'),
		decrypt,
		simplify,
		{
			displayName: 'Options',
			name: 'options',
			type: 'collection',
			placeholder: 'Add option',
			default: {},
			options: [
				{ ...idleTimeout, displayOptions: { show: { '/drillPlace': ['server'] } } },
				largestBackup('insideN8n', 2048),
				largestBackup('server', 20480),
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
	const onServer = context.getNodeParameter('drillPlace', itemIndex) === 'server';
	const dumps = await chosenBackups(context, itemIndex, ['postgres']);
	const request = {
		root: await allowedPath(context, directory, 'Backup Directory'),
		timeZone: context.getTimezone(),
		keys: await decryptionKeys(context, itemIndex),
		connection: onServer ? await chosenConnection(context, itemIndex, chosen) : undefined,
		maxRawBytes: maxMegabytes === undefined ? undefined : maxMegabytes * 1024 * 1024,
		withoutExtensions: readList(chosen.withoutExtensions),
		onProgress: progressReporter(context),
	};
	const shape = chosenShape(context, itemIndex);
	return dumps.map((entry): Job => async (signal) => {
		const report = await drill({ ...request, artifactPath: entry.path }, signal);
		assertNotFailed(report);
		const done = report.where === 'inside-n8n' ? 'restored inside n8n' : 'restored on a server';
		return new Told(shape.drill(report, entry), tellDrill({ ...drillFigures(report, entry), done }));
	});
}

/**
 * What a drill on a server could not find out is an error: somebody chose that server for it. Inside n8n it is a limit
 * that was reached, and an item that says so.
 */
function assertNotFailed({ artifactPath, where, result, checks, obstacle }: DrillReport): void {
	if (result === 'failed') throw drillFailed(artifactPath, checks);
	if (obstacle && where !== 'inside-n8n') {
		const what = `Whether ${artifactPath} can be restored is unknown, since the drill could not be done: ${obstacle.what}`;
		throw new BackupError(obstacle.code, what, { advice: obstacle.advice });
	}
}
