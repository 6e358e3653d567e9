import type { MessagePort } from 'node:worker_threads';

/** How a job gets to its thread. */
export interface JobMessage<Job> {
	job: Job;
	/** The job's own line to whoever gave it: what one job says never reaches the next. */
	port: MessagePort;
}
