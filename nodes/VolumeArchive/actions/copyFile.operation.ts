import type { IExecuteFunctions, INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { createArtifact, defaultPrefixes, recordingFailure } from '../../../core/artifact';
import { withKeyWarning } from '../../../core/n8n/keyWarning';
import { copyFile } from '../../../core/volume/copyFile';
import { allowedPath } from '../../shared/allowedPath';
import { encrypt } from '../../shared/encryption';
import { commonRequest, readText } from '../../shared/parameters';
import * as shared from '../../shared/properties';
import type { Job } from '../../shared/runJobs';
import { chosenShape, simplify } from '../../shared/simplify';
import { tellArtifact, Told } from '../../shared/told';

export const option: INodePropertyOptions = {
	name: 'Copy File',
	value: 'copyFile',
	description: 'Keep a copy of one file, such as .env with the encryption key',
	action: 'Copy file',
};

export const properties: INodeProperties[] = shared.forOperations(
	['copyFile'],
	[
		{
			displayName: 'File',
			name: 'file',
			type: 'string',
			default: '',
			required: true,
			placeholder: 'e.g. /backup-sources/compose/.env',
			description:
				'File to copy, as n8n sees it. Mount the directory that holds it, read-only: a file mounted by itself stays the old one when it is replaced on the host.',
		},
		shared.backupDirectory,
		encrypt,
		simplify,
		{
			displayName: 'Options',
			name: 'options',
			type: 'collection',
			placeholder: 'Add option',
			default: {},
			options: [shared.prefixOption(defaultPrefixes.env, 'What file names begin with')],
		},
	],
);

export async function plan(context: IExecuteFunctions, itemIndex: number): Promise<Job[]> {
	const chosen = context.getNodeParameter('options', itemIndex, {}) as { prefix?: string };
	const common = await commonRequest(context, itemIndex);
	const path = await allowedPath(context, context.getNodeParameter('file', itemIndex) as string, 'File');
	const request = {
		...common,
		component: 'env' as const,
		prefix: readText(chosen.prefix) ?? defaultPrefixes.env,
		extension: 'backup',
		compression: { method: 'none' as const },
		step: `Copying ${path}`,
	};
	const shape = chosenShape(context, itemIndex);
	return [
		async (signal) => {
			const artifact = await recordingFailure(
				request,
				signal,
				async () => await createArtifact(request, copyFile({ path }), signal),
			);
			return new Told(shape.artifact(await withKeyWarning(artifact, request)), tellArtifact(artifact));
		},
	];
}
