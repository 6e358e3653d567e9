import type { IExecuteFunctions, INodeProperties, INodePropertyOptions } from 'n8n-workflow';
import { BackupError } from '../../../core/errors';
import { readRemoteCatalog, verifyCopy } from '../../../core/offsite';
import { progressReporter } from '../../shared/progress';
import * as shared from '../../shared/properties';
import type { Job } from '../../shared/runJobs';
import { chosenShape, simplify } from '../../shared/simplify';
import { tellMoved, Told } from '../../shared/told';
import { openPlaces } from '../destination';
import { settle } from '../outcome';

export const option: INodePropertyOptions = {
	name: 'Verify Copies',
	value: 'verify',
	description: 'Read every copy and compare it with its manifest',
	action: 'Verify copies',
};

export const properties: INodeProperties[] = shared.forOperations(['verify'], [simplify]);

/** One item for each copy; one that is not what its manifest says is an error. */
export async function plan(
	context: IExecuteFunctions,
	itemIndex: number,
	signal: AbortSignal,
): Promise<Job[]> {
	const shape = chosenShape(context, itemIndex);
	const { destination } = await openPlaces(context, itemIndex, signal);
	await using _ = destination;
	const { place } = destination;
	const onProgress = progressReporter(context);
	const jobs: Job[] = [];
	for (const entry of await readRemoteCatalog({ destination, timeZone: context.getTimezone() }, signal)) {
		const verify = async () => {
			const { result, checks } = await verifyCopy({ destination, entry, onProgress }, signal);
			if (result !== 'failed') {
				const item = shape.copyVerification({ entry, place, result, checks });
				return result === 'passed' ? new Told(item, tellMoved(entry, `verified at ${place}`)) : item;
			}
			const problems = checks.filter((check) => check.result === 'failed').map(({ detail }) => detail);
			throw new BackupError('damaged', `${entry.path} is damaged: ${problems.join(' ')}`, {
				advice: 'Use another backup; move this one away, and the next copy replaces it',
			});
		};
		jobs.push(await settle(verify));
	}
	return jobs;
}
