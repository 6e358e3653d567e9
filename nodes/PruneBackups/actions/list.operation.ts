import type { IExecuteFunctions, INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { type Component, components, readCatalog } from '../../../core/artifact';
import { allowedPath } from '../../shared/allowedPath';
import * as shared from '../../shared/properties';
import type { Job } from '../../shared/runJobs';
import { chosenShape, simplify } from '../../shared/simplify';

export const option: INodePropertyOptions = {
	name: 'List Backups',
	value: 'list',
	description: 'List the backups that are there, with state, size and age',
	action: 'List backups',
};

export const properties: INodeProperties[] = shared.forOperations(
	['list'],
	[
		shared.backupDirectory,
		{
			displayName: 'Components',
			name: 'components',
			type: 'multiOptions',
			options: [
				{ name: 'Copied Files', value: 'env' },
				{ name: 'Archives', value: 'n8n' },
				{ name: 'PostgreSQL', value: 'postgres' },
				{ name: 'Redis', value: 'redis' },
			],
			default: [...components],
			description: 'Which backups to list',
		},
		simplify,
	],
);

/** One item for each artifact, newest first within its component. */
export async function plan(context: IExecuteFunctions, itemIndex: number): Promise<Job[]> {
	const directory = context.getNodeParameter('backupDirectory', itemIndex) as string;
	const entries = await readCatalog({
		root: await allowedPath(context, directory, 'Backup Directory'),
		timeZone: context.getTimezone(),
		components: context.getNodeParameter('components', itemIndex) as Component[],
	});
	const shape = chosenShape(context, itemIndex);
	return entries.map((entry) => async () => await Promise.resolve(shape.entry(entry)));
}
