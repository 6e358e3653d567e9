import type { IDisplayOptions, INodeProperties, INodePropertyOptions } from 'n8n-workflow';

/** Shows properties only for these operations. */
export function forOperations(operations: string[], properties: INodeProperties[]): INodeProperties[] {
	return properties.map((property) => ({
		...property,
		displayOptions: {
			...property.displayOptions,
			show: { ...property.displayOptions?.show, operation: operations },
		},
	}));
}

export const backupDirectory: INodeProperties = {
	displayName: 'Backup Directory',
	name: 'backupDirectory',
	type: 'string',
	default: '/backups',
	required: true,
	placeholder: 'e.g. /backups',
	description:
		'Directory that holds all backups, as n8n sees it. It must exist, and N8N_RESTRICT_FILE_ACCESS_TO must allow it.',
};

export const compression: INodeProperties = {
	displayName: 'Compression',
	name: 'compression',
	type: 'options',
	options: [
		{ name: 'Gzip', value: 'gzip', description: 'Any system can read it' },
		{ name: 'Zstandard', value: 'zstd', description: 'Faster and smaller; needs zstd to read it by hand' },
	],
	default: 'gzip',
};

const level = (
	compressionMethod: 'gzip' | 'zstd',
	standard: number,
	maxValue: number,
	description: string,
): INodeProperties => ({
	displayName: 'Compression Level',
	name: 'compressionLevel',
	type: 'number',
	typeOptions: { minValue: 1, maxValue },
	default: standard,
	displayOptions: { show: { '/compression': [compressionMethod] } },
	description,
});

/** The level of each method, with what holds without the option. */
export const compressionLevels: INodeProperties[] = [
	level('gzip', 5, 9, 'From 1, the fastest, to 9, the smallest'),
	level(
		'zstd',
		3,
		19,
		'From 1, the fastest, to 19, the smallest. Without this option it is as small as 3, and faster.',
	),
];

/** @param standard what holds without the option; empty where it depends on what is backed up */
export function prefixOption(standard: string, description: string): INodeProperties {
	return {
		displayName: 'File Prefix',
		name: 'prefix',
		type: 'string',
		default: standard,
		placeholder: 'e.g. nightly',
		description,
	};
}

/** The operation that was chosen, below the node’s name on the canvas. */
export function operationSubtitle(options: INodePropertyOptions[]): string {
	const names: Record<string, string> = Object.fromEntries(
		options.map(({ value, name }) => [String(value), name]),
	);
	return `={{ ${JSON.stringify(names)}[$parameter["operation"]] }}`;
}

/** What stands above what destroys something. */
export function warning(name: string, displayName: string, show?: IDisplayOptions['show']): INodeProperties {
	return { displayName, name, type: 'notice', default: '', ...(show && { displayOptions: { show } }) };
}

export function engine(options: INodePropertyOptions[]): INodeProperties {
	return {
		displayName: 'Engine',
		name: 'engine',
		type: 'options',
		noDataExpression: true,
		options,
		default: 'built-in',
		description: 'How the data is obtained',
	};
}
