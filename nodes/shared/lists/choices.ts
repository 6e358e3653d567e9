import type { INodeListSearchResult } from 'n8n-workflow';

/** What of a list contains what somebody has typed into its search. */
export function choices(all: Array<{ value: string; label: string }>, filter = ''): INodeListSearchResult {
	const wanted = filter.toLowerCase();
	return {
		results: all
			.filter(({ label, value }) => `${label}\n${value}`.toLowerCase().includes(wanted))
			.map(({ value, label }) => ({ name: label, value })),
	};
}
