import type { IDataObject, IExecuteFunctions, INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import type { DecryptionKeys } from '../../../core/encryption';
import type { Manifest } from '../../../core/artifact';
import { manifestIfAny } from '../../../core/artifact/verifyArtifact';
import { runningN8nVersion } from '../../../core/n8n/runningN8n';
import { expectedArchive } from '../../../core/volume/expectedArchive';
import { olderN8nWarnings } from '../../../core/volume/olderN8n';
import { restoreArchive } from '../../../core/volume/restoreArchive';
import { restoreToVolume } from '../../../core/volume/restoreToVolume';
import { restoreFile } from '../../../core/volume/restoreFile';
import { allowedPath } from '../../shared/allowedPath';
import { artifact, chosenBackup } from '../../shared/artifactParameter';
import { dockerConnection } from '../../shared/dockerConnection';
import { decrypt, decryptionKeys } from '../../shared/encryption';
import { readList } from '../../shared/parameters';
import { progressReporter } from '../../shared/progress';
import * as shared from '../../shared/properties';
import type { Job } from '../../shared/runJobs';
import { picked } from '../source';

const intoVolume = { kind: ['n8n'], engine: ['docker'] };

export const option: INodePropertyOptions = {
	name: 'Restore Directory, Volume or File',
	value: 'restore',
	description: 'Bring back an archived directory or volume, or a copied file',
	action: 'Restore directory, volume or file',
};

export const properties: INodeProperties[] = shared.forOperations(
	['restore'],
	[
		shared.backupDirectory,
		{
			displayName: 'Backup Type',
			name: 'kind',
			type: 'options',
			options: [
				{ name: 'Archive', value: 'n8n', description: 'Of a directory or a volume' },
				{ name: 'Copied File', value: 'env', description: 'What Copy File made, such as .env' },
			],
			default: 'n8n',
		},
		...artifact('n8n'),
		decrypt,
		{
			...shared.engine([
				{ name: 'Built-In', value: 'built-in', description: 'Into a directory that n8n can write to' },
				{ name: 'Docker', value: 'docker', description: 'Into a named volume, by the Docker Engine API' },
			]),
			displayOptions: { show: { kind: ['n8n'] } },
			description: 'How the data is put back',
		},
		{
			displayName: 'Destination',
			name: 'destination',
			type: 'string',
			default: '',
			required: true,
			placeholder: 'e.g. /restore/n8n',
			displayOptions: { show: { kind: ['n8n'], engine: ['built-in'] } },
			description: 'Directory that is empty or does not exist yet, as n8n sees it',
		},
		{
			displayName: 'Destination',
			name: 'destination',
			type: 'string',
			default: '',
			required: true,
			placeholder: 'e.g. /restore/.env',
			displayOptions: { show: { kind: ['env'] } },
			description: 'Path of the file, as n8n sees it',
		},
		{ ...picked('Volume', 'volume', 'searchVolumes', 'n8n_data'), displayOptions: { show: intoVolume } },
		shared.warning(
			'overwriteWarning',
			'Files that are there are replaced by those of the backup, and no copy of them is kept.',
			{
				'/options.overwrite': [true],
			},
		),
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
					displayName: 'Containers to Stop',
					name: 'stop',
					type: 'string',
					default: '',
					placeholder: 'e.g. worker, grafana',
					displayOptions: { show: { '/kind': ['n8n'], '/engine': ['docker'] } },
					description:
						'Names or Compose services of containers that use the volume, with commas between. They run again afterwards, whatever happens.',
				},
				{
					displayName: 'Largest Size (MB)',
					name: 'maxMegabytes',
					type: 'number',
					typeOptions: { minValue: 0 },
					default: 0,
					displayOptions: { show: { '/kind': ['n8n'] } },
					description:
						'Most that the archive may unpack to. 0: what the manifest says, or without one the space that is free.',
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
	maxMegabytes?: number;
	overwrite?: boolean;
	stop?: string;
}

export async function plan(context: IExecuteFunctions, itemIndex: number): Promise<Job[]> {
	const options = context.getNodeParameter('options', itemIndex, {}) as Options;
	const kind = context.getNodeParameter('kind', itemIndex) as 'n8n' | 'env';
	const { path } = await chosenBackup(context, itemIndex, [kind]);
	const keys = await decryptionKeys(context, itemIndex);
	const engine = kind === 'env' ? 'built-in' : context.getNodeParameter('engine', itemIndex, 'built-in');
	if (engine === 'docker') return [await planVolume(context, itemIndex, { path, keys, options })];
	const wanted = context.getNodeParameter('destination', itemIndex) as string;
	const destination = await allowedPath(context, wanted, 'Destination');
	const restore = kind === 'env' ? restoreOneFile : restoreDirectory;
	return [async (signal) => await restore({ context, path, keys, destination, options }, signal)];
}

interface Restoring {
	context: IExecuteFunctions;
	path: string;
	keys: DecryptionKeys | undefined;
	destination: string;
	options: Options;
}

async function restoreDirectory(
	{ context, path, keys, destination, options }: Restoring,
	signal: AbortSignal,
): Promise<IDataObject> {
	const { allowOutsideLinks, overwrite } = options;
	const manifest = await manifestIfAny(path);
	const report = await restoreArchive(
		{
			artifactPath: path,
			keys,
			destination,
			allowOutsideLinks,
			overwrite,
			mostBytes: mostBytes(options),
			expected: expectedArchive(manifest),
		},
		signal,
		progressReporter(context),
	);
	return { artifact: path, destination, ...asItem(report, manifest) };
}

async function planVolume(
	context: IExecuteFunctions,
	itemIndex: number,
	{ path, keys, options }: Pick<Restoring, 'path' | 'keys' | 'options'>,
): Promise<Job> {
	const docker = dockerConnection(await context.getCredentials('dockerEngineApi', itemIndex));
	const volume = context.getNodeParameter('volume', itemIndex, '', { extractValue: true }) as string;
	const { allowOutsideLinks, overwrite, stop } = options;
	return async (signal) => {
		const manifest = await manifestIfAny(path);
		const report = await restoreToVolume(
			docker,
			{
				artifactPath: path,
				keys,
				volume,
				allowOutsideLinks,
				overwrite,
				stop: readList(stop),
				mostBytes: mostBytes(options),
				expected: expectedArchive(manifest),
			},
			signal,
			progressReporter(context),
		);
		return { artifact: path, volume, ...asItem(report, manifest) };
	};
}

/** This very n8n is the one that is known to use what it restores. */
function asItem<Report extends { warnings: string[] }>(
	report: Report,
	manifest: Manifest | undefined,
): IDataObject {
	const older = olderN8nWarnings(manifest, runningN8nVersion());
	return { ...report, warnings: [...report.warnings, ...older] };
}

function mostBytes({ maxMegabytes }: Options): number | undefined {
	return maxMegabytes ? maxMegabytes * 1024 * 1024 : undefined;
}

async function restoreOneFile(
	{ path, keys, destination, options: { overwrite } }: Restoring,
	signal: AbortSignal,
): Promise<IDataObject> {
	const expected = await manifestIfAny(path);
	const restored = await restoreFile({ artifactPath: path, keys, destination, overwrite, expected }, signal);
	return { artifact: path, destination, ...restored };
}
