import {
	type IExecuteFunctions,
	type INodeExecutionData,
	type INodeType,
	type INodeTypeDescription,
	NodeConnectionTypes,
} from 'n8n-workflow';
import { operationSubtitle } from '../shared/properties';
import { type PlanJobs, runJobs } from '../shared/runJobs';
import * as copy from './actions/copy.operation';
import * as fetch from './actions/fetch.operation';
import * as list from './actions/list.operation';
import * as prune from './actions/prune.operation';
import * as verify from './actions/verify.operation';
import { credentials, properties } from './destination';

const operations = { copy, fetch, list, prune, verify };
const options = [copy.option, fetch.option, list.option, prune.option, verify.option];

/** Routes to the operations; each lives in its own file under actions/. */
export class OffSiteCopy implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Off-Site Copy',
		name: 'offSiteCopy',
		icon: { light: 'file:offSiteCopy.svg', dark: 'file:offSiteCopy.dark.svg' },
		group: ['output'],
		version: 1,
		subtitle: operationSubtitle(options),
		description:
			'Copy backups to S3, SFTP, WebDAV or another directory, and list, verify, fetch and prune them there',
		defaults: { name: 'Off-Site Copy' },
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		credentials,
		properties: [
			{
				displayName: 'Operation',
				name: 'operation',
				type: 'options',
				noDataExpression: true,
				options,
				default: 'copy',
			},
			...properties,
			...copy.properties,
			...fetch.properties,
			...list.properties,
			...verify.properties,
			...prune.properties,
		],
	};

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const plan: PlanJobs = async (itemIndex, signal) => {
			const operation = this.getNodeParameter('operation', itemIndex) as keyof typeof operations;
			return await operations[operation].plan(this, itemIndex, signal);
		};
		return await runJobs(this, plan);
	}
}
