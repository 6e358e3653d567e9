import type {
	IDataObject,
	IExecuteFunctions,
	INodeCredentialDescription,
	INodeProperties,
	INodePropertyOptions,
} from 'n8n-workflow';
import { checkSetup } from '../../../core/doctor/checkSetup';
import type { Finding } from '../../../core/doctor/finding';
import { BackupError } from '../../../core/errors';
import { runningN8nRole, runningN8nVersion } from '../../../core/n8n/runningN8n';
import { allowedPath } from '../../shared/allowedPath';
import { chosenEncryption, encrypt, encryptionCredential } from '../../shared/encryption';
import { readText } from '../../shared/parameters';
import { postgresConnection } from '../../shared/postgresConnection';
import * as shared from '../../shared/properties';
import { redisConnection } from '../../shared/redisConnection';
import type { Job } from '../../shared/runJobs';

export const option: INodePropertyOptions = {
	name: 'Check Setup',
	value: 'checkSetup',
	description: 'Try everything that nightly backups need, and say what to do about what is missing',
	action: 'Check setup',
	// It writes files to see whether it can.
	displayOptions: { hide: { '@tool': [true] } },
};

const onlyHere = { operation: ['checkSetup'] };

export const credentials: INodeCredentialDescription[] = [
	{
		name: 'postgres',
		required: true,
		displayOptions: { show: { ...onlyHere, checkPostgres: [true] } },
	},
	{ name: 'redis', required: true, displayOptions: { show: { ...onlyHere, checkRedis: [true] } } },
	encryptionCredential,
];

export const properties: INodeProperties[] = shared.forOperations(
	['checkSetup'],
	[
		shared.backupDirectory,
		{
			// eslint-disable-next-line n8n-nodes-base/node-param-display-name-miscased -- names are written as they are
			displayName: 'n8n Data Folder',
			name: 'dataDirectory',
			type: 'string',
			default: '',
			placeholder: 'e.g. /backup-sources/n8n',
			description: 'The directory that Archive packs. Empty: it is not looked at.',
		},
		{
			// eslint-disable-next-line n8n-nodes-base/node-param-display-name-miscased -- names are written as they are
			displayName: '.env File',
			name: 'envFile',
			type: 'string',
			default: '',
			placeholder: 'e.g. /backup-sources/compose/.env',
			description: 'The file that Copy File keeps. Empty: it is not looked at.',
		},
		{
			displayName: 'Compose File',
			name: 'composeFile',
			type: 'string',
			default: '',
			placeholder: 'e.g. /backup-sources/compose/compose.yaml',
			description: 'The other file that Copy File keeps. Empty: it is not looked at.',
		},
		{
			displayName: 'Check PostgreSQL',
			name: 'checkPostgres',
			type: 'boolean',
			default: true,
			description: 'Whether to ask the server of a credential: version, TLS, rights, key and clock',
		},
		{
			displayName: 'Check Redis',
			name: 'checkRedis',
			type: 'boolean',
			default: true,
			description: 'Whether to ask the server of a credential: version, TLS, rights and clock',
		},
		encrypt,
	],
);

/** One item a check, always in the same order. */
export async function plan(context: IExecuteFunctions, itemIndex: number): Promise<Job[]> {
	const parameter = (name: string) => context.getNodeParameter(name, itemIndex);
	const root = parameter('backupDirectory') as string;
	if (root.trim() === '') {
		throw new BackupError('bad-parameter', 'Backup Directory is empty', { advice: 'Fill it in' });
	}
	const setup = {
		root,
		timeZone: context.getTimezone(),
		environment: process.env,
		n8n: { version: runningN8nVersion(), role: runningN8nRole() },
		permit: async (path: string) => await allowedPath(context, path, 'Path'),
		dataFolder: readText(parameter('dataDirectory') as string),
		files: ['envFile', 'composeFile']
			.map((name) => readText(parameter(name) as string))
			.filter((file) => file !== undefined),
		postgres:
			parameter('checkPostgres') === true
				? async () => postgresConnection(await context.getCredentials('postgres', itemIndex))
				: undefined,
		redis:
			parameter('checkRedis') === true
				? async () => redisConnection(await context.getCredentials('redis', itemIndex))
				: undefined,
		encryption: async () => await chosenEncryption(context, itemIndex),
	};
	return [async (signal) => (await checkSetup(setup, signal)).map(asItem)];
}

/** n8n shows an empty text as the red word “empty”. */
function asItem({ whatToDo, ...finding }: Finding): IDataObject {
	return { ...finding, whatToDo: whatToDo === '' ? 'nothing' : whatToDo };
}
