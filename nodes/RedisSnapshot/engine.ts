import type { IExecuteFunctions, INodeCredentialDescription, INodeProperties } from 'n8n-workflow';
import type { EngineName, OpenSource } from '../../core/artifact';
import { builtInSnapshot } from '../../core/redis/snapshot/builtInSnapshot';
import { dockerSnapshot } from '../../core/redis/snapshot/dockerSnapshot';
import { localSnapshot } from '../../core/redis/snapshot/localSnapshot';
import { allowedPath } from '../shared/allowedPath';
import { dockerConnection, dockerCredential } from '../shared/dockerConnection';
import { container } from '../shared/dockerProperties';
import { encryptionCredential } from '../shared/encryption';
import * as shared from '../shared/properties';
import { redisConnection } from '../shared/redisConnection';
import { containerLogin, type ContainerOptions, loginHint } from './containerOptions';

export const engineCredentials: INodeCredentialDescription[] = [
	{
		name: 'redis',
		required: true,
		displayOptions: { show: { operation: ['takeSnapshot', 'restore'] } },
	},
	dockerCredential(['takeSnapshot', 'restore']),
	encryptionCredential,
];

export const engineProperties: INodeProperties[] = [
	shared.engine([
		{
			name: 'Built-In',
			value: 'built-in',
			description: 'Asks the server for its data over the ordinary connection, as a replica would',
		},
		{
			name: 'Docker',
			value: 'docker',
			description:
				'Has the server in a container save its RDB file, then fetches that by the Docker Engine API',
		},
		{
			name: 'Local File',
			value: 'local',
			description: 'Has the server save its RDB file, then copies that; n8n must be able to read it',
		},
	]),
	{
		displayName: 'RDB File',
		name: 'rdbPath',
		type: 'string',
		default: '',
		placeholder: 'e.g. /redis-data/dump.rdb',
		displayOptions: { show: { engine: ['local'] } },
		description: 'The server’s RDB file as n8n sees it. Leave it empty when both see it at the same path.',
	},
	{ ...container, displayOptions: { show: { engine: ['docker'] } }, hint: loginHint },
];

/** A snapshot by the engine that the parameters choose, with the credential that belongs to it. */
export async function chosenSnapshot(
	context: IExecuteFunctions,
	itemIndex: number,
	inContainer: ContainerOptions,
): Promise<OpenSource> {
	const redis = redisConnection(await context.getCredentials('redis', itemIndex));
	switch (context.getNodeParameter('engine', itemIndex) as EngineName) {
		case 'built-in':
			return builtInSnapshot(redis);
		case 'local': {
			const path = context.getNodeParameter('rdbPath', itemIndex) as string;
			return localSnapshot(redis, {
				rdbPath: path === '' ? undefined : await allowedPath(context, path, 'RDB File'),
				permitPath: async (rdbPath) => void (await allowedPath(context, rdbPath, 'RDB File')),
			});
		}
		case 'docker': {
			const docker = dockerConnection(await context.getCredentials('dockerEngineApi', itemIndex));
			const name = context.getNodeParameter('container', itemIndex, '', { extractValue: true }) as string;
			return dockerSnapshot(docker, name, containerLogin(redis, inContainer));
		}
	}
}
