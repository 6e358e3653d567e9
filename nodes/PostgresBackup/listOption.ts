import type { INodeProperties } from 'n8n-workflow';

interface ListOption {
	displayName: string;
	name: string;
	loadOptionsMethod: 'getSchemas' | 'getTables' | 'getTablesOfBackup';
	/** Parameters that the list changes with. */
	dependsOn: string[];
	/** A sentence with its period. */
	description: string;
	/** Whether * and ? are understood. */
	takesPatterns?: boolean;
}

/**
 * An option with several names, chosen from a list. Nodes of version 1 have a text with commas between: the editor would
 * not show it in a list, and what leaves data out must be seen.
 */
export function listOption({
	displayName,
	name,
	loadOptionsMethod,
	dependsOn,
	description,
	takesPatterns = false,
}: ListOption): INodeProperties[] {
	return [
		{
			displayName,
			name,
			type: 'string',
			default: '',
			placeholder: 'e.g. public.item, audit*',
			displayOptions: { show: { '@version': [1] } },
			description: `${description} Separate several with commas${takesPatterns ? '; * and ? are wildcards' : ''}`,
		},
		{
			displayName,
			name,
			type: 'multiOptions',
			typeOptions: { loadOptionsMethod, loadOptionsDependsOn: dependsOn },
			allowArbitraryValues: true,
			default: [],
			displayOptions: { show: { '@version': [2] } },
			description: takesPatterns
				? `${description} For patterns with * and ? switch to Expression, and write commas between`
				: description,
		},
	];
}
