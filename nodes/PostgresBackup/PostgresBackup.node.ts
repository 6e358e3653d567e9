import {
	type IExecuteFunctions,
	type INodeExecutionData,
	type INodeType,
	type INodeTypeDescription,
	NodeConnectionTypes,
} from 'n8n-workflow';
import { dockerEngineApiTest } from '../shared/dockerConnection';
import { searchContainers } from '../shared/dockerProperties';
import { backupEncryptionTest } from '../shared/encryption';
import { getTablesOfBackup, searchBackups } from '../shared/lists/backups';
import * as shared from '../shared/properties';
import { type PlanJobs, runJobs } from '../shared/runJobs';
import * as verify from '../shared/verify.operation';
import * as backUp from './actions/backUp.operation';
import * as drill from './actions/drill.operation';
import * as query from './actions/query.operation';
import * as restore from './actions/restore.operation';
import { engineCredentials } from './engine';
import { getDatabases, getSchemas, getTables, searchDatabases } from './lists';

type Operation = 'backUp' | 'drill' | 'query' | 'restore' | 'verify';

const operations = [backUp.option, drill.option, query.option, restore.option, verify.option];

/** Routes to the operations; each lives in its own file under actions/. */
export class PostgresBackup implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Postgres Backup',
		name: 'postgresBackup',
		icon: { light: 'file:postgresBackup.svg', dark: 'file:postgresBackup.dark.svg' },
		group: ['output'],
		// Version 1 has texts where there are lists now.
		version: [1, 2],
		defaultVersion: 2,
		subtitle: shared.operationSubtitle(operations),
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
				options: operations,
				default: 'backUp',
			},
			...backUp.properties,
			...verify.properties('postgres'),
			...drill.properties,
			...query.properties,
			...restore.properties,
		],
	};

	methods = {
		credentialTest: { backupEncryptionTest, dockerEngineApiTest },
		listSearch: { searchBackups: searchBackups(() => ['postgres']), searchContainers, searchDatabases },
		loadOptions: { getDatabases, getSchemas, getTables, getTablesOfBackup },
	};

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const plan: PlanJobs = async (itemIndex, signal) => {
			switch (this.getNodeParameter('operation', itemIndex) as Operation) {
				case 'backUp':
					return await backUp.plan(this, itemIndex, signal);
				case 'drill':
					return await drill.plan(this, itemIndex);
				case 'query':
					return await query.plan(this, itemIndex);
				case 'restore':
					return await restore.plan(this, itemIndex);
				case 'verify':
					return await verify.plan(this, itemIndex, ['postgres']);
			}
		};
		return await runJobs(this, plan);
	}
}
