import type { IExecuteFunctions, INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { createArtifact } from '../../../core/artifact';
import { archiveDirectory } from '../../../core/volume/archiveDirectory';
import { allowedPath } from '../../shared/allowedPath';
import { artifactItem } from '../../shared/artifactItem';
import { commonRequest, readCompression, readList } from '../../shared/parameters';
import * as shared from '../../shared/properties';
import type { Job } from '../../shared/runJobs';

export const option: INodePropertyOptions = {
	name: 'Archive',
	value: 'archive',
	description: 'Pack a directory with all it holds into a tar file',
	action: 'Archive a directory',
};

export const properties: INodeProperties[] = shared.forOperations(
	['archive'],
	[
		{
			displayName: 'Directory',
			name: 'directory',
			type: 'string',
			default: '',
			required: true,
			placeholder: '/backup-sources/n8n',
			description:
				'Directory to archive, as n8n sees it. n8n blocks its own data folder, so mount that volume a second time, read-only, at another path.',
		},
		shared.backupDirectory,
		shared.compression,
		{
			displayName: 'Options',
			name: 'options',
			type: 'collection',
			placeholder: 'Add option',
			default: {},
			options: [
				shared.compressionLevel,
				{
					displayName: 'Exclude',
					name: 'exclude',
					type: 'string',
					default: '',
					placeholder: '*.log, nodes/node_modules/',
					description: 'Patterns of what to leave out, as in .gitignore, with commas between',
				},
				shared.prefixOption('n8n_data', 'What file names begin with'),
			],
		},
	],
);

interface ArchiveOptions {
	compressionLevel?: number;
	exclude?: string;
	prefix?: string;
}

export async function plan(context: IExecuteFunctions, itemIndex: number): Promise<Job[]> {
	const chosen = context.getNodeParameter('options', itemIndex, {}) as ArchiveOptions;
	const common = await commonRequest(context, itemIndex);
	const directory = await allowedPath(
		context,
		context.getNodeParameter('directory', itemIndex) as string,
		'Directory',
	);
	const request = {
		...common,
		component: 'n8n' as const,
		prefix: chosen.prefix ?? 'n8n_data',
		extension: 'tar',
		compression: readCompression(context, itemIndex, chosen.compressionLevel),
		step: `Archiving ${directory}`,
	};
	const source = archiveDirectory({
		directory,
		exclude: readList(chosen.exclude),
		backupDirectory: common.root,
	});
	return [async (signal) => artifactItem(await createArtifact(request, source, signal))];
}
