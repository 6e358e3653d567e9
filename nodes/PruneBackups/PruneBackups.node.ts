import {
	type IExecuteFunctions,
	type INodeExecutionData,
	type INodeType,
	type INodeTypeDescription,
	NodeConnectionTypes,
} from 'n8n-workflow';
import { type PlanJobs, runJobs } from '../shared/runJobs';
import * as list from './actions/list.operation';
import * as prune from './actions/prune.operation';
import * as report from './actions/report.operation';

const plans = { list: list.plan, prune: prune.plan, report: report.plan };

/** Routes to the operations; each lives in its own file under actions/. */
export class PruneBackups implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Prune Backups',
		name: 'pruneBackups',
		icon: { light: 'file:pruneBackups.svg', dark: 'file:pruneBackups.dark.svg' },
		group: ['transform'],
		version: 1,
		subtitle: '={{ {"prune": "prune", "list": "list", "report": "report"}[$parameter["operation"]] }}',
		description:
			'Delete old backups by rules that never take today’s or the newest good one, or list them all',
		defaults: { name: 'Prune Backups' },
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		properties: [
			{
				displayName: 'Operation',
				name: 'operation',
				type: 'options',
				noDataExpression: true,
				options: [list.option, prune.option, report.option],
				default: 'prune',
			},
			...prune.properties,
			...list.properties,
			...report.properties,
		],
	};

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const plan: PlanJobs = async (itemIndex) => {
			const operation = this.getNodeParameter('operation', itemIndex) as keyof typeof plans;
			return await plans[operation](this, itemIndex);
		};
		return await runJobs(this, plan);
	}
}
