import type { IExecuteFunctions, INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { queryDump } from '../../../core/postgres/query/queryDump';
import { artifact, chosenBackup } from '../../shared/artifactParameter';
import { decrypt } from '../../shared/encryption';
import { readList } from '../../shared/parameters';
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
import { listOption } from '../listOption';

export const option: INodePropertyOptions = {
	name: 'Query Backup',
	value: 'query',
	description: 'Ask a backup as if it were a database; no server is needed',
	action: 'Query backup',
};

export const properties: INodeProperties[] = shared.forOperations(
	['query'],
	[
		shared.backupDirectory,
		...artifact('postgres'),
		decrypt,
		sqlProperty('PostgreSQL', 'SELECT name, "updatedAt" FROM workflow_entity'),
		limit,
		{
			displayName: 'Options',
			name: 'options',
			type: 'collection',
			placeholder: 'Add option',
			default: {},
			options: [
				...limitOptions({ largestMegabytes: 2048 }),
				...listOption({
					displayName: 'Tables',
					name: 'tables',
					loadOptionsMethod: 'getTablesOfBackup',
					dependsOn: ['backupDirectory', 'artifact.value'],
					description:
						'Tables whose rows are needed besides those that the query names, since a function reads them.',
				}),
			],
		},
	],
);

/** One item for each row. */
export async function plan(context: IExecuteFunctions, itemIndex: number): Promise<Job[]> {
	const chosen = context.getNodeParameter('options', itemIndex, {}) as LimitOptions & { tables?: unknown };
	const request = await queryRequest(context, itemIndex, chosen);
	const { path } = await chosenBackup(context, itemIndex, ['postgres']);
	const tables = readList(chosen.tables);
	return [
		async (signal) => rowItems(context, await queryDump({ ...request, artifactPath: path, tables }, signal)),
	];
}
