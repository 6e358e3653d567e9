import {
	type IExecuteFunctions,
	type INodeExecutionData,
	type INodeProperties,
	type INodeType,
	type INodeTypeDescription,
	NodeConnectionTypes,
} from 'n8n-workflow';
import { backupEncryptionTest } from '../shared/encryption';
import { operationSubtitle } from '../shared/properties';
import { type PlanJobs, runJobs } from '../shared/runJobs';
import { assertAllowedAsTool } from '../shared/tool';
import * as checkSetup from './actions/checkSetup.operation';
import * as list from './actions/list.operation';
import * as prune from './actions/prune.operation';
import * as report from './actions/report.operation';

const plans = { checkSetup: checkSetup.plan, list: list.plan, prune: prune.plan, report: report.plan };
const options = [list.option, report.option, checkSetup.option, prune.option];

/** Which operations only read: these an AI agent may use, too. */
const readOnly: ReadonlyArray<keyof typeof plans> = ['list', 'report'];

const operation = (versions: number[], standard: keyof typeof plans): INodeProperties => ({
	displayName: 'Operation',
	name: 'operation',
	type: 'options',
	noDataExpression: true,
	options,
	default: standard,
	displayOptions: { show: { '@version': versions } },
});

/** Routes to the operations; each lives in its own file under actions/. */
export class PruneBackups implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Prune Backups',
		name: 'pruneBackups',
		icon: { light: 'file:pruneBackups.svg', dark: 'file:pruneBackups.dark.svg' },
		group: ['transform'],
		// Version 1 prunes when no operation is chosen, and n8n does not save what is the default.
		version: [1, 2],
		defaultVersion: 2,
		subtitle: operationSubtitle(options),
		description:
			'List backups, report on them, or delete old ones by rules that never take today’s or the newest good one',
		defaults: { name: 'Prune Backups' },
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		usableAsTool: true,
		credentials: checkSetup.credentials,
		properties: [
			operation([1], 'prune'),
			operation([2], 'list'),
			...list.properties,
			...report.properties,
			...checkSetup.properties,
			...prune.properties,
		],
	};

	methods = { credentialTest: { backupEncryptionTest } };

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const plan: PlanJobs = async (itemIndex) => {
			const chosen = this.getNodeParameter('operation', itemIndex) as keyof typeof plans;
			assertAllowedAsTool(this, readOnly.includes(chosen));
			return await plans[chosen](this, itemIndex);
		};
		return await runJobs(this, plan);
	}
}
