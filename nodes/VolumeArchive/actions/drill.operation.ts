import type { IExecuteFunctions, INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { BackupError } from '../../../core/errors';
import { type ArchiveDrillReport, drillArchive } from '../../../core/volume/drill/drillArchive';
import { allowedPath } from '../../shared/allowedPath';
import { artifact, chosenBackups } from '../../shared/artifactParameter';
import { decrypt, decryptionKeys } from '../../shared/encryption';
import { progressReporter } from '../../shared/progress';
import { drillFailed } from '../../shared/drillFailed';
import * as shared from '../../shared/properties';
import type { Job } from '../../shared/runJobs';
import { chosenShape, drillFigures, simplify } from '../../shared/simplify';
import { tellDrill, Told } from '../../shared/told';

export const option: INodePropertyOptions = {
	name: 'Drill Archive',
	value: 'drill',
	description: 'Open the SQLite databases of an archive and prove them, with n8n’s credentials',
	action: 'Drill archive',
};

export const properties: INodeProperties[] = shared.forOperations(
	['drill'],
	[
		shared.backupDirectory,
		...artifact('n8n'),
		decrypt,
		simplify,
		{
			displayName: 'Options',
			name: 'options',
			type: 'collection',
			placeholder: 'Add option',
			default: {},
			options: [
				{
					displayName: 'Largest Databases (MB)',
					name: 'maxMegabytes',
					type: 'number',
					typeOptions: { minValue: 1 },
					default: 20480,
					description:
						'Size of the databases in an archive above which they are not taken out, to spare the disk',
				},
			],
		},
	],
);

/** One item with a table of checks for each archive; a check that failed is an error. */
export async function plan(context: IExecuteFunctions, itemIndex: number): Promise<Job[]> {
	const { maxMegabytes } = context.getNodeParameter('options', itemIndex, {}) as { maxMegabytes?: number };
	const directory = context.getNodeParameter('backupDirectory', itemIndex) as string;
	const request = {
		root: await allowedPath(context, directory, 'Backup Directory'),
		timeZone: context.getTimezone(),
		keys: await decryptionKeys(context, itemIndex),
		maxBytes: maxMegabytes === undefined ? undefined : maxMegabytes * 1024 * 1024,
		onProgress: progressReporter(context),
	};
	const archives = await chosenBackups(context, itemIndex, ['n8n']);
	const shape = chosenShape(context, itemIndex);
	return archives.map((entry): Job => async (signal) => {
		const report = await drillArchive({ ...request, artifactPath: entry.path }, signal);
		assertNotFailed(report);
		const figures = drillFigures(report, entry);
		return new Told(shape.drill(report, entry), tellDrill({ ...figures, done: 'databases opened' }));
	});
}

/** What kept a drill from finding anything out is an item that says so, but for an archive that has nothing to drill. */
function assertNotFailed({ artifactPath, result, checks, obstacle }: ArchiveDrillReport): void {
	if (result === 'failed') throw drillFailed(artifactPath, checks);
	if (obstacle?.code === 'unsupported') {
		const what = `Whether the databases in ${artifactPath} are sound is unknown, since the drill could not be done: ${obstacle.what}`;
		throw new BackupError(obstacle.code, what, { advice: obstacle.advice });
	}
}
