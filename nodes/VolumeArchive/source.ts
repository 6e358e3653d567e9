import type { IExecuteFunctions, INodeCredentialDescription, INodeProperties } from 'n8n-workflow';
import { defaultPrefixes, type OpenSource, prefixFor } from '../../core/artifact';
import { composeProjectVolumes, connectDocker, type HoldStillRequest } from '../../core/docker';
import { archiveDirectory } from '../../core/volume/archiveDirectory';
import { dockerVolume, type DockerVolumeTarget } from '../../core/volume/dockerVolume';
import { allowedPath } from '../shared/allowedPath';
import { dockerConnection, dockerCredential } from '../shared/dockerConnection';
import { container } from '../shared/dockerProperties';
import { encryptionCredential } from '../shared/encryption';
import { readList } from '../shared/parameters';
import * as shared from '../shared/properties';

/** Something that becomes one archive. */
export interface ArchiveSource {
	/** What people call it, for progress: a path or a volume’s name. */
	name: string;
	/** What its files’ names begin with when nobody says otherwise. */
	prefix: string;
	open: OpenSource;
}

export interface SourceOptions {
	exclude?: string;
	holdStill?: string;
	holdStillHow?: 'pause' | 'stop';
	readBack?: boolean;
}

export const sourceCredentials: INodeCredentialDescription[] = [
	dockerCredential(['archive', 'restore']),
	encryptionCredential,
];

const onlyDocker = { show: { engine: ['docker'] } };
const whenSourceIs = (source: string) => ({ show: { engine: ['docker'], dockerSource: [source] } });

/** A choice from what the engine has, or a name. */
export const picked = (
	displayName: string,
	name: string,
	searchListMethod: string,
	placeholder: string,
): INodeProperties => ({
	displayName,
	name,
	type: 'resourceLocator',
	default: { mode: 'list', value: '' },
	required: true,
	modes: [
		{
			displayName: 'From List',
			name: 'list',
			type: 'list',
			typeOptions: { searchListMethod, searchable: true },
		},
		{ displayName: 'By Name', name: 'name', type: 'string', placeholder: `e.g. ${placeholder}` },
	],
});

export const sourceProperties: INodeProperties[] = [
	shared.engine([
		{ name: 'Built-In', value: 'built-in', description: 'A directory that n8n can read' },
		{
			name: 'Docker',
			value: 'docker',
			description: 'A named volume, or a path in a container, by the Docker Engine API',
		},
	]),
	{
		displayName: 'Directory',
		name: 'directory',
		type: 'string',
		default: '',
		required: true,
		placeholder: 'e.g. /backup-sources/n8n',
		displayOptions: { show: { engine: ['built-in'] } },
		description:
			'Directory to archive, as n8n sees it. n8n blocks its own data folder, so mount that volume a second time, read-only, at another path.',
	},
	{
		displayName: 'Source',
		name: 'dockerSource',
		type: 'options',
		options: [
			{ name: 'All Volumes of a Compose Project', value: 'project', description: 'One item each' },
			{ name: 'Path in a Container', value: 'path' },
			{ name: 'Volume', value: 'volume' },
		],
		default: 'volume',
		displayOptions: onlyDocker,
	},
	{ ...picked('Volume', 'volume', 'searchVolumes', 'n8n_data'), displayOptions: whenSourceIs('volume') },
	{
		...picked('Compose Project', 'project', 'searchProjects', 'myproject'),
		displayOptions: whenSourceIs('project'),
	},
	{ ...container, displayOptions: whenSourceIs('path') },
	{
		displayName: 'Path in the Container',
		name: 'containerPath',
		type: 'string',
		default: '',
		required: true,
		placeholder: 'e.g. /home/node/.n8n',
		displayOptions: whenSourceIs('path'),
	},
];

export const sourceOptions: INodeProperties[] = [
	{
		displayName: 'Containers to Hold Still',
		name: 'holdStill',
		type: 'string',
		default: '',
		placeholder: 'e.g. worker, grafana',
		displayOptions: { show: { '/engine': ['docker'] } },
		description:
			'Names or Compose services of containers that must not write meanwhile, with commas between. They run again afterwards, whatever happens.',
	},
	{
		displayName: 'Exclude',
		name: 'exclude',
		type: 'string',
		default: '',
		placeholder: 'e.g. *.log, nodes/node_modules/',
		displayOptions: { show: { '/engine': ['built-in'] } },
		description: 'Patterns of what to leave out, as in .gitignore, with commas between',
	},
	{
		displayName: 'How to Hold Still',
		name: 'holdStillHow',
		type: 'options',
		options: [
			{ name: 'Pause', value: 'pause', description: 'Freeze the processes; connections stay open' },
			{ name: 'Stop', value: 'stop', description: 'Shut down and start again' },
		],
		default: 'pause',
		displayOptions: { show: { '/engine': ['docker'] } },
	},
	{
		displayName: 'Read Back',
		name: 'readBack',
		type: 'boolean',
		default: true,
		displayOptions: { show: { '/engine': ['built-in'] } },
		description:
			'Whether to read the archive back while it is written and count its entries before it gets its name. Without it, it is checked only before it is compressed.',
	},
];

/** What the parameters choose to archive; several for a Compose project. */
export async function chooseSources(
	context: IExecuteFunctions,
	itemIndex: number,
	root: string,
	options: SourceOptions,
	signal: AbortSignal,
): Promise<ArchiveSource[]> {
	const engine = context.getNodeParameter('engine', itemIndex) as 'built-in' | 'docker';
	if (engine === 'built-in') return [await directorySource(context, itemIndex, root, options)];
	const docker = dockerConnection(await context.getCredentials('dockerEngineApi', itemIndex));
	const holdStill: HoldStillRequest = {
		containers: readList(options.holdStill),
		how: options.holdStillHow ?? 'pause',
	};
	const targets = await dockerTargets(context, itemIndex, async (project) => {
		const volumes = await composeProjectVolumes(await connectDocker(docker), project, signal);
		return volumes.map(({ name }) => name);
	});
	return targets.map((target) => {
		const name = 'volume' in target ? target.volume : `${target.container}:${target.path}`;
		return { name, prefix: prefixFor(name), open: dockerVolume(docker, target, { holdStill }) };
	});
}

async function directorySource(
	context: IExecuteFunctions,
	itemIndex: number,
	root: string,
	{ exclude, readBack = true }: SourceOptions,
): Promise<ArchiveSource> {
	const path = context.getNodeParameter('directory', itemIndex) as string;
	const directory = await allowedPath(context, path, 'Directory');
	const open = archiveDirectory({ directory, exclude: readList(exclude), backupDirectory: root, readBack });
	return { name: directory, prefix: defaultPrefixes.n8n, open };
}

async function dockerTargets(
	context: IExecuteFunctions,
	itemIndex: number,
	volumesOf: (project: string) => Promise<string[]>,
): Promise<DockerVolumeTarget[]> {
	const located = (name: string) =>
		context.getNodeParameter(name, itemIndex, '', { extractValue: true }) as string;
	switch (context.getNodeParameter('dockerSource', itemIndex) as 'project' | 'path' | 'volume') {
		case 'volume':
			return [{ volume: located('volume') }];
		case 'project':
			return (await volumesOf(located('project'))).map((volume) => ({ volume }));
		case 'path':
			return [
				{
					container: located('container'),
					path: context.getNodeParameter('containerPath', itemIndex) as string,
				},
			];
	}
}
