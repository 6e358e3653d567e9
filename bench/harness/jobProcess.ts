/**
 * The process that stands for n8n: it loads the package, waits for one job, does it and says what it took. Started
 * again for every job, because the highest memory of a process is never forgotten.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as wait } from 'node:timers/promises';
import { doJob } from './doJob.ts';
import type { Job, Outcome } from './jobs.ts';
import { ChildMemory, peakResidentBytes } from './peakMemory.ts';
import { processorSeconds } from './processorTime.ts';

process.once('message', (job: Job) => {
	void measure(job)
		.catch((error: Error): Outcome => ({ error: error.stack ?? error.message }))
		.then((outcome) => process.send?.(outcome));
});
// Keeps this process there, to be looked at, until its parent lets go.
process.once('disconnect', () => {});
process.send?.('ready');

async function measure(job: Job): Promise<Outcome> {
	await wait(100);
	const idleBytes = process.memoryUsage.rss();
	const delay = monitorEventLoopDelay({ resolution: 1 });
	delay.enable();
	const children = job.kind === 'drill' ? new ChildMemory() : undefined;
	const [started, usedBefore] = [performance.now(), processorSeconds()];
	await doJob(job);
	const seconds = (performance.now() - started) / 1000;
	const used = processorSeconds() - usedBefore;
	delay.disable();
	const peakBytes = peakResidentBytes() - idleBytes + (children?.stop() ?? 0);
	return { seconds, processorSeconds: used, peakBytes, loopDelayMs: delay.percentile(99) / 1e6 };
}
