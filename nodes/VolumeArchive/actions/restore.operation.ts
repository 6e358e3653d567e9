import type { IDataObject, IExecuteFunctions, INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { manifestIfAny } from '../../../core/artifact/verifyArtifact';
import { restoreArchive } from '../../../core/volume/restoreArchive';
import { restoreFile } from '../../../core/volume/restoreFile';
import { allowedPath } from '../../shared/allowedPath';
import { artifact, chooseArtifact } from '../../shared/artifactParameter';
import { progressReporter } from '../../shared/progress';
import * as shared from '../../shared/properties';
import type { Job } from '../../shared/runJobs';

export const option: INodePropertyOptions = {
	name: 'Restore',
	value: 'restore',
	description: 'Bring back an archived directory or a copied file',
	action: 'Restore a directory or a file',
};

export const properties: INodeProperties[] = shared.forOperations(
	['restore'],
	[
		shared.backupDirectory,
		{
			displayName: 'Kind',
			name: 'kind',
			type: 'options',
			options: [
				{ name: 'Directory', value: 'n8n', description: 'What Archive made' },
				{ name: 'File', value: 'env', description: 'What Copy File made' },
			],
			default: 'n8n',
		},
		artifact,
		{
			displayName: 'Destination',
			name: 'destination',
			type: 'string',
			default: '',
			required: true,
			placeholder: '/restore/n8n',
			description:
				'For a directory: one that is empty or does not exist yet. For a file: its path. As n8n sees it.',
		},
		{
			displayName: 'Options',
			name: 'options',
			type: 'collection',
			placeholder: 'Add option',
			default: {},
			options: [
				{
					displayName: 'Allow Links to the Outside',
					name: 'allowOutsideLinks',
					type: 'boolean',
					default: false,
					displayOptions: { show: { '/kind': ['n8n'] } },
					description:
						'Whether to restore symbolic links that point out of the directory instead of refusing',
				},
				{
					displayName: 'Overwrite',
					name: 'overwrite',
					type: 'boolean',
					default: false,
					description: 'Whether to replace files that are there; others stay',
				},
			],
		},
	],
);

interface Options {
	allowOutsideLinks?: boolean;
	overwrite?: boolean;
}

export async function plan(context: IExecuteFunctions, itemIndex: number): Promise<Job[]> {
	const options = context.getNodeParameter('options', itemIndex, {}) as Options;
	const kind = context.getNodeParameter('kind', itemIndex) as 'n8n' | 'env';
	const { path } = await chooseArtifact(context, itemIndex, [kind]);
	const wanted = context.getNodeParameter('destination', itemIndex) as string;
	const destination = await allowedPath(context, wanted, 'Destination');
	const restore = kind === 'env' ? restoreOneFile : restoreDirectory;
	return [async (signal) => await restore({ context, path, destination, options }, signal)];
}

interface Restoring {
	context: IExecuteFunctions;
	path: string;
	destination: string;
	options: Options;
}

async function restoreDirectory(
	{ context, path, destination, options }: Restoring,
	signal: AbortSignal,
): Promise<IDataObject> {
	const manifest = await manifestIfAny(path);
	const { sha256, census } = manifest ?? {};
	const expected = sha256 ? { sha256, census: census?.kind === 'tar' ? census : undefined } : undefined;
	const report = await restoreArchive(
		{ artifactPath: path, destination, ...options, expected },
		signal,
		progressReporter(context),
	);
	return { artifact: path, destination, ...(report as unknown as IDataObject) };
}

async function restoreOneFile(
	{ path, destination, options: { overwrite } }: Restoring,
	signal: AbortSignal,
): Promise<IDataObject> {
	const manifest = await manifestIfAny(path);
	const expected = manifest && { sha256: manifest.sha256 };
	const bytes = await restoreFile({ artifactPath: path, destination, overwrite, expected }, signal);
	return { artifact: path, destination, bytes };
}
