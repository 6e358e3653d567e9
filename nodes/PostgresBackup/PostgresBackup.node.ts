import {
	type IExecuteFunctions,
	type INodeExecutionData,
	type INodeType,
	type INodeTypeDescription,
	NodeConnectionTypes,
} from 'n8n-workflow';
import { dockerEngineApiTest } from '../shared/dockerConnection';
import { searchContainers } from '../shared/dockerProperties';
import { runJobs } from '../shared/runJobs';
import * as backUp from './actions/backUp.operation';
import { engineCredentials } from './engine';

/** Routes to the operations; each lives in its own file under actions/. */
export class PostgresBackup implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Postgres Backup',
		name: 'postgresBackup',
		icon: { light: 'file:postgresBackup.svg', dark: 'file:postgresBackup.dark.svg' },
		group: ['output'],
		version: 1,
		subtitle: '={{ {"backUp": "back up"}[$parameter["operation"]] }}',
		description: 'Back up PostgreSQL databases, with nothing installed beside n8n',
		defaults: { name: 'Postgres Backup' },
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		credentials: engineCredentials,
		properties: [
			{
				displayName: 'Operation',
				name: 'operation',
				type: 'options',
				noDataExpression: true,
				options: [backUp.option],
				default: 'backUp',
			},
			...backUp.properties,
		],
	};

	methods = { credentialTest: { dockerEngineApiTest }, listSearch: { searchContainers } };

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		return await runJobs(this, async (itemIndex, signal) => await backUp.plan(this, itemIndex, signal));
	}
}
