import type { IExecuteFunctions, INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { type CatalogEntry, type Component, newestOfEach, presentArtifacts } from '../../core/artifact';
import { BackupError } from '../../core/errors';
import { unknownBackup } from '../../core/verify/assertSound';
import { type BackupVerification, verifyBackup } from '../../core/verify/verifyBackup';
import { allowedPath } from './allowedPath';
import { artifactName, chosenBackup, readSeries, series } from './artifactParameter';
import { decrypt, decryptionKeys } from './encryption';
import { progressReporter } from './progress';
import * as shared from './properties';
import type { Job } from './runJobs';
import { chosenShape, simplify } from './simplify';
import { tellMoved, Told } from './told';

export const option: INodePropertyOptions = {
	name: 'Verify Backups',
	value: 'verify',
	description: 'Read backups again from end to end and check that they are whole',
	action: 'Verify backups',
};

export const properties = (component: Component): INodeProperties[] =>
	shared.forOperations(
		['verify'],
		[
			shared.backupDirectory,
			{
				displayName: 'Backups',
				name: 'which',
				type: 'options',
				options: [
					{ name: 'All', value: 'all', description: 'Every one that is there, one item each' },
					{ name: 'Newest', value: 'newest', description: 'The newest of each series, one item each' },
					{ name: 'One', value: 'one', description: 'The one that is named below' },
				],
				default: 'newest',
			},
			{ ...artifactName(component), displayOptions: { show: { which: ['one'] } } },
			...series(component),
			decrypt,
			simplify,
		],
	);

/** One job, and so one item, for each backup; one that does not hold is an error. */
export async function plan(
	context: IExecuteFunctions,
	itemIndex: number,
	components: readonly Component[],
): Promise<Job[]> {
	const onProgress = progressReporter(context);
	const keys = await decryptionKeys(context, itemIndex);
	const entries = await chooseEntries(context, itemIndex, components);
	const shape = chosenShape(context, itemIndex);
	return entries.map((entry): Job => async (signal) => {
		const { path, component } = entry;
		await allowedPath(context, path, 'Backup');
		const verification = await verifyBackup({ path, component, keys, onProgress }, signal);
		assertHolds(verification);
		return new Told(shape.verification(verification, entry), tellMoved(entry, 'verified'));
	});
}

async function chooseEntries(
	context: IExecuteFunctions,
	itemIndex: number,
	components: readonly Component[],
): Promise<CatalogEntry[]> {
	const which = context.getNodeParameter('which', itemIndex) as 'all' | 'newest' | 'one';
	if (which === 'one') return [await chosenBackup(context, itemIndex, components)];
	const directory = context.getNodeParameter('backupDirectory', itemIndex) as string;
	const root = await allowedPath(context, directory, 'Backup Directory');
	const present = await presentArtifacts({
		root,
		timeZone: context.getTimezone(),
		components,
		series: readSeries(context, itemIndex, { orUnknown: true }),
	});
	const entries = which === 'newest' ? newestOfEach(present) : present;
	if (entries.length > 0) return entries;
	throw new BackupError('not-found', `${root} holds no ${components.join(' or ')} backup to verify`, {
		advice: 'Make a backup first, or correct the backup directory',
	});
}

function assertHolds({ path, result, checks }: BackupVerification): void {
	if (result === 'passed') return;
	if (result === 'unknown') throw unknownBackup(path, checks);
	const faults = checks.filter((check) => check.result === 'failed').map(({ detail }) => detail);
	throw new BackupError('damaged', `${path} does not hold what it should: ${faults.join(' ')}`, {
		advice: 'Do not rely on it; restore from another one, and find out what changed it',
	});
}
