import {
	type IExecuteFunctions,
	type INodeExecutionData,
	type INodeType,
	type INodeTypeDescription,
	NodeConnectionTypes,
} from 'n8n-workflow';
import { runJobs } from '../shared/runJobs';
import * as takeSnapshot from './actions/takeSnapshot.operation';

/** Routes to the operations; each lives in its own file under actions/. */
export class RedisSnapshot implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Redis Snapshot',
		name: 'redisSnapshot',
		icon: { light: 'file:redisSnapshot.svg', dark: 'file:redisSnapshot.dark.svg' },
		group: ['output'],
		version: 1,
		subtitle: '={{ {"takeSnapshot": "take snapshot"}[$parameter["operation"]] }}',
		description: 'Save all databases of a Redis server as an RDB file, with nothing installed beside n8n',
		defaults: { name: 'Redis Snapshot' },
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		credentials: [{ name: 'redis', required: true }],
		properties: [
			{
				displayName: 'Operation',
				name: 'operation',
				type: 'options',
				noDataExpression: true,
				options: [takeSnapshot.option],
				default: 'takeSnapshot',
			},
			...takeSnapshot.properties,
		],
	};

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		return await runJobs(this, async (itemIndex) => await takeSnapshot.plan(this, itemIndex));
	}
}
