import type { IExecuteFunctions, INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { backUp, defaultPrefixes } from '../../../core/artifact';
import { withKeyWarning } from '../../../core/n8n/keyWarning';
import { encrypt } from '../../shared/encryption';
import { choosePrefix, commonRequest, readCompression } from '../../shared/parameters';
import * as shared from '../../shared/properties';
import type { Job } from '../../shared/runJobs';
import { chosenShape, simplify } from '../../shared/simplify';
import { tellArtifact, Told } from '../../shared/told';
import { chooseSources, sourceOptions, type SourceOptions, sourceProperties } from '../source';

export const option: INodePropertyOptions = {
	name: 'Archive Directory or Volume',
	value: 'archive',
	description: 'Pack a directory or a volume with all it holds into a tar file',
	action: 'Archive directory or volume',
};

export const properties: INodeProperties[] = shared.forOperations(
	['archive'],
	[
		...sourceProperties,
		shared.backupDirectory,
		shared.compression,
		encrypt,
		simplify,
		{
			displayName: 'Options',
			name: 'options',
			type: 'collection',
			placeholder: 'Add option',
			default: {},
			options: [
				...shared.compressionLevels,
				...sourceOptions,
				{
					...shared.prefixOption(defaultPrefixes.n8n, 'What file names begin with'),
					displayOptions: { show: { '/engine': ['built-in'] } },
				},
				{
					...shared.prefixOption(
						'',
						'What file names begin with. Empty: the name of the volume or the path.',
					),
					displayOptions: { show: { '/engine': ['docker'] } },
				},
			],
		},
	],
);

interface ArchiveOptions extends SourceOptions {
	compressionLevel?: number;
	prefix?: string;
}

/** One job, and so one item, for each directory or volume. */
export async function plan(
	context: IExecuteFunctions,
	itemIndex: number,
	signal: AbortSignal,
): Promise<Job[]> {
	const chosen = context.getNodeParameter('options', itemIndex, {}) as ArchiveOptions;
	const request = {
		...(await commonRequest(context, itemIndex)),
		component: 'n8n' as const,
		extension: 'tar',
		compression: readCompression(context, itemIndex, chosen.compressionLevel),
	};
	const sources = await chooseSources(context, itemIndex, request.root, chosen, signal);
	const shape = chosenShape(context, itemIndex);
	return sources.map(({ name, prefix, open }): Job => async (jobSignal) => {
		const ownPrefix = choosePrefix(chosen.prefix, prefix, sources.length);
		const step = `Archiving ${name}`;
		const artifact = await backUp({ ...request, prefix: ownPrefix, step }, open, jobSignal);
		return new Told(shape.artifact(await withKeyWarning(artifact, request)), tellArtifact(artifact));
	});
}
