import type { IDataObject, IExecuteFunctions, INodeProperties } from 'n8n-workflow';
import type { QueryAnswer } from '../../core/query/answer';
import { allowedPath } from './allowedPath';
import { decryptionKeys } from './encryption';
import { progressReporter } from './progress';

/** The query itself. */
export function sqlProperty(dialect: 'PostgreSQL' | 'SQLite', example: string): INodeProperties {
	return {
		displayName: 'Query',
		name: 'sql',
		type: 'string',
		typeOptions: { editor: 'sqlEditor', sqlDialect: dialect, rows: 5 },
		default: '',
		required: true,
		placeholder: `e.g. ${example}`,
		description: `One SELECT in ${dialect}’s SQL. It can only read.`,
	};
}

/** Limits of every query, for the options of a node. */
export const limitOptions = ({ largestMegabytes }: { largestMegabytes: number }): INodeProperties[] => [
	{
		displayName: 'Largest Data (MB)',
		name: 'maxMegabytes',
		type: 'number',
		typeOptions: { minValue: 1 },
		default: largestMegabytes,
		description: 'Most rows or databases that are taken out of the backup for the query, to spare the disk',
	},
	{
		displayName: 'Time Limit (Seconds)',
		name: 'timeout',
		type: 'number',
		typeOptions: { minValue: 1 },
		default: 60,
		description: 'How long the query itself may take, once the backup has been read',
	},
];

/** Rows at most. */
export const limit: INodeProperties = {
	displayName: 'Limit',
	name: 'limit',
	type: 'number',
	typeOptions: { minValue: 1 },
	default: 50,
	description: 'Max number of results to return',
};

export interface LimitOptions {
	maxMegabytes?: number;
	timeout?: number;
}

/** The part of a query's request that does not depend on what is asked. */
export async function queryRequest(
	context: IExecuteFunctions,
	itemIndex: number,
	{ maxMegabytes, timeout }: LimitOptions,
) {
	const directory = context.getNodeParameter('backupDirectory', itemIndex) as string;
	return {
		root: await allowedPath(context, directory, 'Backup Directory'),
		keys: await decryptionKeys(context, itemIndex),
		sql: context.getNodeParameter('sql', itemIndex) as string,
		maxRows: context.getNodeParameter('limit', itemIndex),
		maxBytes: maxMegabytes && maxMegabytes * 1024 * 1024,
		timeoutMs: timeout && timeout * 1000,
		onProgress: progressReporter(context),
	};
}

/** Each row as an item; what cannot be seen in them is said in the editor. */
export function rowItems(context: IExecuteFunctions, { rows, notes }: QueryAnswer): IDataObject[] {
	for (const message of notes) context.addExecutionHints({ message, location: 'outputPane' });
	return rows;
}
