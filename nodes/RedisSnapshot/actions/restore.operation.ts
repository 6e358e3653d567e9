import type { IDataObject, IExecuteFunctions, INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { backUpFirst, type OpenSource } from '../../../core/artifact';
import { BackupError } from '../../../core/errors';
import { builtInSnapshot } from '../../../core/redis/snapshot/builtInSnapshot';
import { dockerSnapshot } from '../../../core/redis/snapshot/dockerSnapshot';
import { dockerRestoreRdb, type DockerRestoreRequest } from '../../../core/redis/restore/dockerRestore';
import { openRdb } from '../../../core/redis/restore/openRdb';
import { restoreRdb, type RestoreResult } from '../../../core/redis/restore/restoreRdb';
import { assertSound } from '../../../core/verify/assertSound';
import { allowedPath } from '../../shared/allowedPath';
import { artifact, chosenBackup } from '../../shared/artifactParameter';
import { dockerConnection } from '../../shared/dockerConnection';
import { container } from '../../shared/dockerProperties';
import { decrypt, decryptionKeys } from '../../shared/encryption';
import { readText } from '../../shared/parameters';
import { progressReporter } from '../../shared/progress';
import * as shared from '../../shared/properties';
import { redisConnection } from '../../shared/redisConnection';
import type { Job } from '../../shared/runJobs';
import { containerLogin, type ContainerOptions, containerOptions, loginHint } from '../containerOptions';

const confirmationWord = 'replace';

export const option: INodePropertyOptions = {
	name: 'Restore Snapshot',
	value: 'restore',
	description: 'Put a snapshot into a running server, in place of all that it holds',
	action: 'Restore snapshot',
};

export const properties: INodeProperties[] = shared.forOperations(
	['restore'],
	[
		shared.engine([
			{
				name: 'Built-In',
				value: 'built-in',
				description: 'Sends the data over the replication protocol; the server goes on running',
			},
			{
				name: 'Docker',
				value: 'docker',
				description: 'Stops the container, puts the RDB file into it, and starts it again',
			},
		]),
		{
			...container,
			displayOptions: { show: { engine: ['docker'] } },
			hint: loginHint,
		},
		shared.backupDirectory,
		...artifact('redis'),
		decrypt,
		shared.warning(
			'restoreWarning',
			'Everything that the server holds is replaced, in all its databases. It is saved first, unless Skip Safety Snapshot is on.',
		),
		{
			displayName: 'Confirm',
			name: 'confirmation',
			type: 'string',
			default: '',
			required: true,
			placeholder: `e.g. ${confirmationWord}`,
			hint: `Type the word ${confirmationWord}`,
		},
		{
			displayName: 'Options',
			name: 'options',
			type: 'collection',
			placeholder: 'Add option',
			default: {},
			options: [
				{
					displayName: 'Allow Plain Text',
					name: 'allowPlainText',
					type: 'boolean',
					default: false,
					displayOptions: { show: { '/engine': ['built-in'] } },
					description:
						'Whether the server may fetch the data from n8n unencrypted although the credential asks for TLS; a restore by replication has no other way',
				},
				{
					displayName: 'Announce Host',
					name: 'announceHost',
					type: 'string',
					default: '',
					displayOptions: { show: { '/engine': ['built-in'] } },
					description: 'How the server reaches n8n, where that is another address than the one n8n has',
				},
				...containerOptions,
				{
					displayName: 'Listen Host',
					name: 'listenHost',
					type: 'string',
					default: '',
					displayOptions: { show: { '/engine': ['built-in'] } },
					description: 'Address of n8n that the server fetches the data from',
				},
				{
					displayName: 'Listen Port',
					name: 'listenPort',
					type: 'number',
					typeOptions: { minValue: 0, maxValue: 65535 },
					default: 0,
					displayOptions: { show: { '/engine': ['built-in'] } },
					description: 'Port of n8n that the server fetches the data from. 0: any free one.',
				},
				{
					displayName: 'Skip Safety Snapshot',
					name: 'skipSafetySnapshot',
					type: 'boolean',
					default: false,
					description: 'Whether to replace what the server holds without saving it first',
				},
			],
		},
	],
);

interface Options extends ContainerOptions {
	allowPlainText?: boolean;
	announceHost?: string;
	listenHost?: string;
	listenPort?: number;
	skipSafetySnapshot?: boolean;
}

export async function plan(context: IExecuteFunctions, itemIndex: number): Promise<Job[]> {
	assertConfirmed(context.getNodeParameter('confirmation', itemIndex) as string);
	const chosen = context.getNodeParameter('options', itemIndex, {}) as Options;
	const { openSource, restore } = await chosenRestore(context, itemIndex, chosen);
	const { path } = await chosenBackup(context, itemIndex, ['redis']);
	const onProgress = progressReporter(context);
	const keys = await decryptionKeys(context, itemIndex);
	const safety = {
		root: await allowedPath(
			context,
			context.getNodeParameter('backupDirectory', itemIndex) as string,
			'Backup Directory',
		),
		component: 'redis' as const,
		name: 'redis',
		keys,
		openSource,
		timeZone: context.getTimezone(),
		instanceId: context.getInstanceId(),
		onProgress,
	};
	return [
		async (signal): Promise<IDataObject> => {
			await assertSound(path, { keys, onProgress }, signal);
			const result = await restore(
				{
					openRdb: () => openRdb({ path, keys }),
					takeSafetySnapshot: chosen.skipSafetySnapshot
						? undefined
						: async () => await backUpFirst(safety, signal),
					keys,
					onProgress,
				},
				signal,
			);
			return { artifact: path, ...(result as unknown as IDataObject) };
		},
	];
}

/** What both engines need to know of a restore. */
type Request = Pick<DockerRestoreRequest, 'openRdb' | 'takeSafetySnapshot' | 'keys' | 'onProgress'>;

interface EngineRestore {
	/** For the safety snapshot. */
	openSource: OpenSource;
	restore: (request: Request, signal: AbortSignal) => Promise<RestoreResult>;
}

/** A restore by the engine that the parameters choose, with the credential that belongs to it. */
async function chosenRestore(
	context: IExecuteFunctions,
	itemIndex: number,
	{ allowPlainText, announceHost, listenHost, listenPort, ...inContainer }: Options,
): Promise<EngineRestore> {
	const redis = redisConnection(await context.getCredentials('redis', itemIndex));
	// Workflows of before there was a choice have no such parameter.
	if (context.getNodeParameter('engine', itemIndex, 'built-in') !== 'docker') {
		const network = {
			listenHost: readText(listenHost),
			listenPort,
			announceHost: readText(announceHost),
			allowPlainText,
		};
		return {
			openSource: builtInSnapshot(redis),
			restore: async (request, signal) => await restoreRdb(redis, { ...request, ...network }, signal),
		};
	}
	const docker = dockerConnection(await context.getCredentials('dockerEngineApi', itemIndex));
	const name = context.getNodeParameter('container', itemIndex, '', { extractValue: true }) as string;
	const login = containerLogin(redis, inContainer);
	return {
		openSource: dockerSnapshot(docker, name, login),
		restore: async (request, signal) =>
			await dockerRestoreRdb(docker, name, { ...request, ...login }, signal),
	};
}

function assertConfirmed(word: string): void {
	if (word.trim().toLowerCase() === confirmationWord) return;
	throw new BackupError('bad-parameter', 'The restore is not confirmed', {
		advice: `Type “${confirmationWord}” into Confirm; nothing was changed`,
	});
}
