import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Job, Outcome, WatchedJob } from './jobs.ts';
import { ThreadWatch } from './threads.ts';

const program = fileURLToPath(new URL('jobProcess.ts', import.meta.url));

/**
 * Has a job done in a fresh process with libuv's pool at its default of four threads, as n8n runs.
 *
 * @param dist of another build of the package, with a slash at its end
 */
export async function runJob(job: Job, dist?: string): Promise<WatchedJob> {
	const env = { ...process.env, UV_THREADPOOL_SIZE: undefined, BENCH_DIST: dist };
	const child = fork(program, { env, execArgv: ['--disable-warning=ExperimentalWarning'] });
	const exited = once(child, 'exit');
	const died = exited.then(([code, signal]): Outcome => ({ error: `The process ended: ${code ?? signal}` }));
	await Promise.race([once(child, 'message'), died]);
	const watch = new ThreadWatch(child.pid ?? 0);
	await watch.start();
	const answer = once(child, 'message').then(([outcome]) => outcome as Outcome);
	child.send(job);
	const outcome = await Promise.race([answer, died]);
	const threads = await watch.stop();
	if (child.connected) child.disconnect();
	await exited;
	if ('error' in outcome) throw new Error(`${job.kind} failed: ${outcome.error}`);
	return { ...outcome, threads };
}
