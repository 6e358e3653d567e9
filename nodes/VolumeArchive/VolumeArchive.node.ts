import {
	type IExecuteFunctions,
	type INodeExecutionData,
	type INodeType,
	type INodeTypeDescription,
	NodeConnectionTypes,
} from 'n8n-workflow';
import { dockerEngineApiTest } from '../shared/dockerConnection';
import { searchContainers, searchProjects, searchVolumes } from '../shared/dockerProperties';
import { backupEncryptionTest } from '../shared/encryption';
import { type ComponentsOf, searchBackups } from '../shared/lists/backups';
import { known } from '../shared/lists/listed';
import * as shared from '../shared/properties';
import { type PlanJobs, runJobs } from '../shared/runJobs';
import * as verify from '../shared/verify.operation';
import * as archive from './actions/archive.operation';
import * as copyFile from './actions/copyFile.operation';
import * as drill from './actions/drill.operation';
import * as query from './actions/query.operation';
import * as restore from './actions/restore.operation';
import { sourceCredentials } from './source';

type Operation = 'archive' | 'copyFile' | 'drill' | 'query' | 'restore' | 'verify';

const operations = [
	archive.option,
	copyFile.option,
	drill.option,
	query.option,
	restore.option,
	verify.option,
];

const chosenComponents: ComponentsOf = (context) => {
	const operation = known(context, 'operation');
	if (operation === 'verify') return ['n8n', 'env'];
	return operation === 'restore' && known(context, 'kind') === 'env' ? ['env'] : ['n8n'];
};

/** Routes to the operations; each lives in its own file under actions/. */
export class VolumeArchive implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Volume Archive',
		name: 'volumeArchive',
		icon: { light: 'file:volumeArchive.svg', dark: 'file:volumeArchive.dark.svg' },
		group: ['output'],
		version: 1,
		subtitle: shared.operationSubtitle(operations),
		description: 'Archive n8n’s data folder and other directories, and keep copies of files such as .env',
		defaults: { name: 'Volume Archive' },
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		credentials: sourceCredentials,
		properties: [
			{
				displayName: 'Operation',
				name: 'operation',
				type: 'options',
				noDataExpression: true,
				options: operations,
				default: 'archive',
			},
			...archive.properties,
			...copyFile.properties,
			...drill.properties,
			...query.properties,
			...verify.properties('n8n'),
			...restore.properties,
		],
	};

	methods = {
		credentialTest: { backupEncryptionTest, dockerEngineApiTest },
		listSearch: {
			searchBackups: searchBackups(chosenComponents),
			searchContainers,
			searchProjects,
			searchVolumes,
		},
	};

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const plan: PlanJobs = async (itemIndex, signal) => {
			switch (this.getNodeParameter('operation', itemIndex) as Operation) {
				case 'archive':
					return await archive.plan(this, itemIndex, signal);
				case 'copyFile':
					return await copyFile.plan(this, itemIndex);
				case 'drill':
					return await drill.plan(this, itemIndex);
				case 'query':
					return await query.plan(this, itemIndex);
				case 'restore':
					return await restore.plan(this, itemIndex);
				case 'verify':
					return await verify.plan(this, itemIndex, ['n8n', 'env']);
			}
		};
		return await runJobs(this, plan);
	}
}
