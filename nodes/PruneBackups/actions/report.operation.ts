import type { IDataObject, IExecuteFunctions, INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { buildReport, formatPage, isAllGood, type Report, type SeriesReport } from '../../../core/report';
import { allowedPath } from '../../shared/allowedPath';
import * as shared from '../../shared/properties';
import { type FurtherRules, furtherRules, readPolicy, rules } from '../../shared/retentionRules';
import type { Job } from '../../shared/runJobs';

export const option: INodePropertyOptions = {
	name: 'Report on Backups',
	value: 'report',
	description: 'Say how the backups are, as fields and as an HTML page to show or to mail',
	action: 'Report on backups',
};

export const properties: INodeProperties[] = shared.forOperations(
	['report'],
	[
		shared.backupDirectory,
		{
			displayName: 'Expected Every (Hours)',
			name: 'everyHours',
			type: 'number',
			typeOptions: { minValue: 1, numberPrecision: 0 },
			default: 24,
			description: 'Hours between two backups. One that is a quarter older is late.',
		},
		...rules,
		{
			displayName: 'Options',
			name: 'options',
			type: 'collection',
			placeholder: 'Add option',
			default: {},
			options: [...furtherRules],
		},
	],
);

/** One item: whether all is good, each series in short, and the page. */
export async function plan(context: IExecuteFunctions, itemIndex: number): Promise<Job[]> {
	const directory = context.getNodeParameter('backupDirectory', itemIndex) as string;
	const chosen = context.getNodeParameter('options', itemIndex, {}) as FurtherRules;
	const options = {
		root: await allowedPath(context, directory, 'Backup Directory'),
		timeZone: context.getTimezone(),
		now: new Date(),
		everyHours: context.getNodeParameter('everyHours', itemIndex) as number,
		policy: readPolicy(context, itemIndex, chosen),
	};
	return [async () => reportItem(await buildReport(options))];
}

function reportItem(report: Report): IDataObject {
	const { at, series, space, key, leaving, failedRuns } = report;
	return {
		allGood: isAllGood(report),
		at: at.toISOString(),
		backups: series.map(seriesItem),
		key: { ...key },
		space: space ? { ...space } : null,
		leaving: leaving.map(({ entry }) => entry.name),
		failedRuns: failedRuns.map((run) => ({ ...run })),
		html: formatPage(report),
	};
}

function seriesItem(series: SeriesReport): IDataObject {
	const { component, prefix, health, problems, newestGood, verified, drilled, copies } = series;
	return {
		component,
		prefix,
		health,
		problems,
		newestGood: newestGood?.name ?? null,
		at: newestGood?.at.toISOString() ?? null,
		storedBytes: newestGood?.storedBytes ?? null,
		verified: verified ? { ...verified.record } : null,
		drilled: drilled ? { ...drilled.record } : null,
		copies: copies.map(({ place }) => place),
	};
}
