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
import { searchBackups } from '../shared/lists/backups';
import * as shared from '../shared/properties';
import { type PlanJobs, runJobs } from '../shared/runJobs';
import * as verify from '../shared/verify.operation';
import * as restore from './actions/restore.operation';
import * as takeSnapshot from './actions/takeSnapshot.operation';
import { engineCredentials } from './engine';

type Operation = 'restore' | 'takeSnapshot' | 'verify';

const operations = [restore.option, takeSnapshot.option, verify.option];

/** Routes to the operations; each lives in its own file under actions/. */
export class RedisSnapshot implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Redis Snapshot',
		name: 'redisSnapshot',
		icon: { light: 'file:redisSnapshot.svg', dark: 'file:redisSnapshot.dark.svg' },
		group: ['output'],
		version: 1,
		subtitle: shared.operationSubtitle(operations),
		description: 'Save all databases of a Redis server as an RDB file, with nothing installed beside n8n',
		defaults: { name: 'Redis Snapshot' },
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
				default: 'takeSnapshot',
			},
			...takeSnapshot.properties,
			...verify.properties('redis'),
			...restore.properties,
		],
	};

	methods = {
		credentialTest: { backupEncryptionTest, dockerEngineApiTest },
		listSearch: { searchBackups: searchBackups(() => ['redis']), searchContainers },
	};

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const plan: PlanJobs = async (itemIndex) => {
			switch (this.getNodeParameter('operation', itemIndex) as Operation) {
				case 'takeSnapshot':
					return await takeSnapshot.plan(this, itemIndex);
				case 'restore':
					return await restore.plan(this, itemIndex);
				case 'verify':
					return await verify.plan(this, itemIndex, ['redis']);
			}
		};
		return await runJobs(this, plan);
	}
}
