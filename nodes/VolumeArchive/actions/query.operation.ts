import type { IExecuteFunctions, INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { queryArchive } from '../../../core/volume/query/queryArchive';
import { artifact, chosenBackup } from '../../shared/artifactParameter';
import { decrypt } from '../../shared/encryption';
import { readText } from '../../shared/parameters';
import * as shared from '../../shared/properties';
import {
	limit,
	limitOptions,
	type LimitOptions,
	queryRequest,
	rowItems,
	sqlProperty,
} from '../../shared/query';
import type { Job } from '../../shared/runJobs';

export const option: INodePropertyOptions = {
	name: 'Query Archive',
	value: 'query',
	description: 'Ask an SQLite database in an archive',
	action: 'Query archive',
};

export const properties: INodeProperties[] = shared.forOperations(
	['query'],
	[
		shared.backupDirectory,
		...artifact('n8n'),
		decrypt,
		sqlProperty('SQLite', 'SELECT name, "updatedAt" FROM workflow_entity'),
		limit,
		{
			displayName: 'Options',
			name: 'options',
			type: 'collection',
			placeholder: 'Add option',
			default: {},
			options: [
				{
					displayName: 'Database',
					name: 'database',
					type: 'string',
					default: '',
					placeholder: 'e.g. database.sqlite',
					description:
						'Path in the archive of the database that is asked. Empty: the only one, or database.sqlite.',
				},
				...limitOptions({ largestMegabytes: 20480 }),
			],
		},
	],
);

/** One item for each row. */
export async function plan(context: IExecuteFunctions, itemIndex: number): Promise<Job[]> {
	const chosen = context.getNodeParameter('options', itemIndex, {}) as LimitOptions & { database?: string };
	const request = await queryRequest(context, itemIndex, chosen);
	const { path } = await chosenBackup(context, itemIndex, ['n8n']);
	const database = readText(chosen.database);
	return [
		async (signal) =>
			rowItems(context, await queryArchive({ ...request, artifactPath: path, database }, signal)),
	];
}
