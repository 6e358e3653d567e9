import type { INodeProperties, INodePropertyOptions } from 'n8n-workflow';

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
	placeholder: '/backups',
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

export const compressionLevel: INodeProperties = {
	displayName: 'Compression Level',
	name: 'compressionLevel',
	type: 'number',
	typeOptions: { minValue: 1, maxValue: 19 },
	default: 6,
	description:
		'Gzip takes 1 to 9, Zstandard 1 to 19. Without this option: gzip 5, Zstandard as small as 3 and faster.',
};

export function prefixOption(defaultPrefix: string, description: string): INodeProperties {
	return { displayName: 'File Prefix', name: 'prefix', type: 'string', default: defaultPrefix, description };
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
