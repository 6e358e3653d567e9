import type { IDataObject } from 'n8n-workflow';
import type { Job } from '../shared/runJobs';
import type { Told } from '../shared/told';

/** Does work now, while the destination is open, and makes a job of how it ended. */
export async function settle(work: () => Promise<IDataObject | Told>): Promise<Job> {
	const [ended] = await Promise.allSettled([work()]);
	if (ended.status === 'rejected') return failed(ended.reason);
	const item = ended.value;
	return async () => await Promise.resolve(item);
}

/** A job that ends as work did that has failed. */
export function failed(error: unknown): Job {
	const reason = error instanceof Error ? error : new Error(String(error));
	return async () => await Promise.reject(reason);
}
