import type { IExecuteFunctions, INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { backUp, defaultPrefixes } from '../../../core/artifact';
import { encrypt } from '../../shared/encryption';
import { commonRequest, readText } from '../../shared/parameters';
import * as shared from '../../shared/properties';
import type { Job } from '../../shared/runJobs';
import { chosenShape, simplify } from '../../shared/simplify';
import { tellArtifact, Told } from '../../shared/told';
import { type ContainerOptions, containerOptions } from '../containerOptions';
import { chosenSnapshot, engineProperties } from '../engine';

export const option: INodePropertyOptions = {
	name: 'Take Snapshot',
	value: 'takeSnapshot',
	description: 'Save everything that the server holds, in all its databases, as an RDB file',
	action: 'Take snapshot',
};

export const properties: INodeProperties[] = shared.forOperations(
	['takeSnapshot'],
	[
		...engineProperties,
		shared.backupDirectory,
		encrypt,
		simplify,
		{
			displayName: 'Options',
			name: 'options',
			type: 'collection',
			placeholder: 'Add option',
			default: {},
			options: [
				...containerOptions,
				shared.prefixOption(defaultPrefixes.redis, 'What file names begin with'),
			],
		},
	],
);

interface Options extends ContainerOptions {
	prefix?: string;
}

export async function plan(context: IExecuteFunctions, itemIndex: number): Promise<Job[]> {
	const chosen = context.getNodeParameter('options', itemIndex, {}) as Options;
	const openSnapshot = await chosenSnapshot(context, itemIndex, chosen);
	const request = {
		...(await commonRequest(context, itemIndex)),
		component: 'redis' as const,
		prefix: readText(chosen.prefix) ?? defaultPrefixes.redis,
		extension: 'rdb',
		// Redis compresses what is worth it within the file.
		compression: { method: 'none' as const },
		step: 'Taking a snapshot of Redis',
	};
	const shape = chosenShape(context, itemIndex);
	return [
		async (signal) => {
			const artifact = await backUp(request, openSnapshot, signal);
			return new Told(shape.artifact(artifact), tellArtifact(artifact));
		},
	];
}
