import type { INodeProperties } from 'n8n-workflow';

/** n8n’s own words for it. Items of an operation with this one come from the shape that it chooses. */
export const simplify: INodeProperties = {
	displayName: 'Simplify',
	name: 'simplify',
	type: 'boolean',
	default: true,
	description: 'Whether to return a simplified version of the response instead of the raw data',
};
