import {
	type IExecuteFunctions,
	type INodeExecutionData,
	type INodeType,
	type INodeTypeDescription,
	NodeConnectionTypes,
} from 'n8n-workflow';
import { type PlanJobs, runJobs } from '../shared/runJobs';
import * as archive from './actions/archive.operation';
import * as copyFile from './actions/copyFile.operation';

/** Routes to the operations; each lives in its own file under actions/. */
export class VolumeArchive implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Volume Archive',
		name: 'volumeArchive',
		icon: { light: 'file:volumeArchive.svg', dark: 'file:volumeArchive.dark.svg' },
		group: ['output'],
		version: 1,
		subtitle: '={{ {"archive": "archive", "copyFile": "copy file"}[$parameter["operation"]] }}',
		description: 'Archive n8n’s data folder and other directories, and keep copies of files such as .env',
		defaults: { name: 'Volume Archive' },
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		properties: [
			{
				displayName: 'Operation',
				name: 'operation',
				type: 'options',
				noDataExpression: true,
				options: [archive.option, copyFile.option],
				default: 'archive',
			},
			...archive.properties,
			...copyFile.properties,
		],
	};

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const plan: PlanJobs = async (itemIndex) => {
			const operation = this.getNodeParameter('operation', itemIndex) as 'archive' | 'copyFile';
			return operation === 'copyFile'
				? await copyFile.plan(this, itemIndex)
				: await archive.plan(this, itemIndex);
		};
		return await runJobs(this, plan);
	}
}
