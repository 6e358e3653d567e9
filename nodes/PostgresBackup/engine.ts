import type { IExecuteFunctions, INodeCredentialDescription, INodeProperties } from 'n8n-workflow';
import type { EngineName } from '../../core/artifact';
import { builtInEngine, dockerEngine, localEngine, type PostgresEngine } from '../../core/postgres/engine';
import { allowedProgram } from '../shared/allowedProgram';
import { dockerConnection, dockerCredential } from '../shared/dockerConnection';
import { container } from '../shared/dockerProperties';
import { encryptionCredential } from '../shared/encryption';
import * as shared from '../shared/properties';
import { chosenConnection, type ConnectionOptions } from './connectionOptions';

export const engineCredentials: INodeCredentialDescription[] = [
	{
		name: 'postgres',
		required: true,
		displayOptions: {
			show: { operation: ['backUp', 'drill', 'restore'] },
			hide: { engine: ['docker'], drillPlace: ['insideN8n'] },
		},
	},
	dockerCredential(['backUp']),
	encryptionCredential,
];

export const engineProperties: INodeProperties[] = [
	shared.engine([
		{
			name: 'Built-In',
			value: 'built-in',
			description: 'PostgreSQL’s own pg_dump, brought along by this package; for servers up to version 18',
		},
		{
			name: 'Docker',
			value: 'docker',
			description: 'The pg_dump inside the server’s container, by the Docker Engine API',
		},
		{
			name: 'Local Program',
			value: 'local',
			description: 'A pg_dump that is installed where n8n runs; the stock image has none',
		},
	]),
	{
		displayName: 'Program Path',
		name: 'pgDumpPath',
		type: 'string',
		default: 'pg_dump',
		displayOptions: { show: { engine: ['local'] } },
		description:
			'Looked up on n8n’s PATH: pg_dump, or pg_dump-17 and the like. Full paths must be listed in the environment variable N8N_BACKUP_PROGRAMS.',
	},
	{ ...container, displayOptions: { show: { engine: ['docker'] } } },
];

/** User and database of the container's own environment serve where these are not given. */
export const containerLogin: INodeProperties[] = [
	{
		displayName: 'Container: Database User',
		name: 'containerUser',
		type: 'string',
		default: '',
		displayOptions: { show: { '/engine': ['docker'] } },
		description: 'Without it: the one that POSTGRES_USER of the container names',
	},
	{
		displayName: 'Container: System User',
		name: 'containerSystemUser',
		type: 'string',
		default: '',
		placeholder: 'e.g. postgres',
		displayOptions: { show: { '/engine': ['docker'] } },
		description: 'User of the container’s operating system, for servers that ask for the same name (peer)',
	},
];

export interface EngineOptions extends ConnectionOptions {
	containerUser?: string;
	containerSystemUser?: string;
}

/** The engine that the parameters choose, with the credential that belongs to it. */
export async function chosenEngine(
	context: IExecuteFunctions,
	itemIndex: number,
	{ containerUser, containerSystemUser, ...connectionOptions }: EngineOptions,
): Promise<PostgresEngine> {
	switch (context.getNodeParameter('engine', itemIndex) as EngineName) {
		case 'built-in':
			return builtInEngine(await chosenConnection(context, itemIndex, connectionOptions));
		case 'local': {
			const chosen = context.getNodeParameter('pgDumpPath', itemIndex) as string;
			const pgDumpPath = allowedProgram(chosen, 'pg_dump');
			return localEngine(await chosenConnection(context, itemIndex, connectionOptions), { pgDumpPath });
		}
		case 'docker': {
			const docker = dockerConnection(await context.getCredentials('dockerEngineApi', itemIndex));
			const name = context.getNodeParameter('container', itemIndex, '', { extractValue: true }) as string;
			return dockerEngine(docker, name, { user: containerUser, systemUser: containerSystemUser });
		}
	}
}
