import type { INodeProperties } from 'n8n-workflow';

/** An option of what restores. */
export const withoutExtensions: INodeProperties = {
	displayName: 'Without Extensions',
	name: 'withoutExtensions',
	type: 'string',
	default: '',
	placeholder: 'e.g. pg_cron',
	description:
		'Extensions to leave out, with commas between: those that the server lacks, or that only one database can have',
};
