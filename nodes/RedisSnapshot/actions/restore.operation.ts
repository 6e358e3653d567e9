import type { IDataObject, IExecuteFunctions, INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { createReadStream } from 'node:fs';
import { backUpFirst } from '../../../core/artifact';
import { BackupError } from '../../../core/errors';
import { builtInSnapshot } from '../../../core/redis/builtInSnapshot';
import { restoreRdb } from '../../../core/redis/restore/restoreRdb';
import { demandSound } from '../../../core/verify/demandSound';
import { allowedPath } from '../../shared/allowedPath';
import { artifact, chooseArtifact } from '../../shared/artifactParameter';
import { readText } from '../../shared/parameters';
import { progressReporter } from '../../shared/progress';
import * as shared from '../../shared/properties';
import { redisConnection } from '../../shared/redisConnection';
import type { Job } from '../../shared/runJobs';

const confirmationWord = 'replace';

export const option: INodePropertyOptions = {
	name: 'Restore',
	value: 'restore',
	description: 'Put a snapshot into a running server, in place of all that it holds',
	action: 'Restore a snapshot',
};

export const properties: INodeProperties[] = shared.forOperations(
	['restore'],
	[
		shared.backupDirectory,
		artifact,
		{
			displayName: 'Confirm',
			name: 'confirmation',
			type: 'string',
			default: '',
			required: true,
			placeholder: confirmationWord,
			description: `The word “${confirmationWord}”: everything that the server holds is replaced. It is saved first.`,
		},
		{
			displayName: 'Options',
			name: 'options',
			type: 'collection',
			placeholder: 'Add option',
			default: {},
			options: [
				{
					displayName: 'Announce Host',
					name: 'announceHost',
					type: 'string',
					default: '',
					description: 'How the server reaches n8n, where that is another address than the one n8n has',
				},
				{
					displayName: 'Listen Host',
					name: 'listenHost',
					type: 'string',
					default: '',
					description: 'Address of n8n that the server fetches the data from',
				},
				{
					displayName: 'Listen Port',
					name: 'listenPort',
					type: 'number',
					typeOptions: { minValue: 1, maxValue: 65535 },
					default: 6390,
					description: 'Port for that. Without it: any free one.',
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

interface Options {
	announceHost?: string;
	listenHost?: string;
	listenPort?: number;
	skipSafetySnapshot?: boolean;
}

export async function plan(context: IExecuteFunctions, itemIndex: number): Promise<Job[]> {
	demandConfirmation(context.getNodeParameter('confirmation', itemIndex) as string);
	const chosen = context.getNodeParameter('options', itemIndex, {}) as Options;
	const connection = redisConnection(await context.getCredentials('redis', itemIndex));
	const { path } = await chooseArtifact(context, itemIndex, ['redis']);
	const onProgress = progressReporter(context);
	const safety = {
		root: await allowedPath(
			context,
			context.getNodeParameter('backupDirectory', itemIndex) as string,
			'Backup Directory',
		),
		component: 'redis' as const,
		name: 'redis',
		openSource: builtInSnapshot(connection),
		timeZone: context.getTimezone(),
		onProgress,
	};
	return [
		async (signal): Promise<IDataObject> => {
			await demandSound(path, { onProgress }, signal);
			const result = await restoreRdb(
				connection,
				{
					openRdb: () => createReadStream(path),
					takeSafetySnapshot: chosen.skipSafetySnapshot
						? undefined
						: async () => await backUpFirst(safety, signal),
					listenHost: readText(chosen.listenHost),
					listenPort: chosen.listenPort,
					announceHost: readText(chosen.announceHost),
					onProgress,
				},
				signal,
			);
			return { artifact: path, ...(result as unknown as IDataObject) };
		},
	];
}

function demandConfirmation(word: string): void {
	if (word.trim().toLowerCase() === confirmationWord) return;
	throw new BackupError('bad-parameter', 'The restore is not confirmed', {
		advice: `Type “${confirmationWord}” into Confirm; nothing was changed`,
	});
}
