import { type MessagePort, parentPort } from 'node:worker_threads';
import type { JobMessage } from './jobMessage';

/**
 * A thread's life: it does one job after the other until it is ended. Nothing of a job may stay behind, not even in
 * a variable of the module: the next one is somebody else's.
 *
 * @param work does a job, and says over its port when it is done. Where it rejects, the thread ends.
 */
export function serveJobs<Job>(work: (job: Job, port: MessagePort) => Promise<void>): void {
	let before = Promise.resolve();
	parentPort!.on('message', ({ job, port }: JobMessage<Job>) => {
		before = before.then(async () => await work(job, port));
	});
}
