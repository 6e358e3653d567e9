import type { IExecuteFunctions, INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { createArtifact, type EngineName, type OpenSource } from '../../../core/artifact';
import { builtInSnapshot } from '../../../core/redis/builtInSnapshot';
import { localSnapshot } from '../../../core/redis/localSnapshot';
import { allowedPath } from '../../shared/allowedPath';
import { artifactItem } from '../../shared/artifactItem';
import { commonRequest } from '../../shared/parameters';
import * as shared from '../../shared/properties';
import { redisConnection } from '../../shared/redisConnection';
import type { Job } from '../../shared/runJobs';

export const option: INodePropertyOptions = {
	name: 'Take Snapshot',
	value: 'takeSnapshot',
	description: 'Save everything the server holds as an RDB file',
	action: 'Take a snapshot',
};

export const properties: INodeProperties[] = shared.forOperations(
	['takeSnapshot'],
	[
		shared.engine([
			{
				name: 'Built-In',
				value: 'built-in',
				description: 'Asks the server for its data over the ordinary connection, as a replica would',
			},
			{
				name: 'Local File',
				value: 'local',
				description: 'Has the server save its RDB file, then copies that; n8n must be able to read it',
			},
		]),
		{
			displayName:
				'A snapshot holds all databases of the server; the credential’s database number plays no part',
			name: 'databaseHint',
			type: 'notice',
			default: '',
		},
		{
			displayName: 'RDB File',
			name: 'rdbPath',
			type: 'string',
			default: '',
			placeholder: '/redis-data/dump.rdb',
			displayOptions: { show: { engine: ['local'] } },
			description: 'The server’s RDB file as n8n sees it. Leave it empty when both see it at the same path.',
		},
		shared.backupDirectory,
		{
			displayName: 'Options',
			name: 'options',
			type: 'collection',
			placeholder: 'Add option',
			default: {},
			options: [shared.prefixOption('dump', 'What file names begin with')],
		},
	],
);

export async function plan(context: IExecuteFunctions, itemIndex: number): Promise<Job[]> {
	const openSnapshot = await chooseEngine(context, itemIndex);
	const { prefix = 'dump' } = context.getNodeParameter('options', itemIndex, {}) as { prefix?: string };
	const request = {
		...(await commonRequest(context, itemIndex)),
		component: 'redis' as const,
		prefix,
		extension: 'rdb',
		// Redis compresses what is worth it within the file.
		compression: { method: 'none' as const },
		step: 'Taking a snapshot of Redis',
	};
	return [async (signal) => artifactItem(await createArtifact(request, openSnapshot, signal))];
}

async function chooseEngine(context: IExecuteFunctions, itemIndex: number): Promise<OpenSource> {
	const connection = redisConnection(await context.getCredentials('redis', itemIndex));
	const engine = context.getNodeParameter('engine', itemIndex) as EngineName;
	if (engine !== 'local') return builtInSnapshot(connection);
	const path = context.getNodeParameter('rdbPath', itemIndex) as string;
	const rdbPath = path === '' ? undefined : await allowedPath(context, path, 'RDB File');
	return localSnapshot(connection, { rdbPath });
}
