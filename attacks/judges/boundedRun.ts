import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { type CommandRun, startCommand } from '../../lab/command.ts';
import { assertKept } from '../harness/attack.ts';

export interface Bounds {
	/** Memory that is resident at most, as the kernel counts it. */
	megabytes: number;
	/** From beginning to end. */
	seconds: number;
}

/** How often the kernel is asked. It remembers the most that there was. */
const lookEveryMs = 20;

/**
 * Runs the command, and ends it when it takes longer than it may.
 *
 * @throws Lost when it takes more memory or time, or ends with something else than an answer for people
 */
export async function boundedRun(
	args: string[],
	{ megabytes, seconds }: Bounds,
	env: NodeJS.ProcessEnv = {},
): Promise<CommandRun> {
	const { child, ended } = startCommand(args, env);
	const started = performance.now();
	let most = 0;
	let isOver = false;
	let isLate = false;
	const looking = (async () => {
		while (!isOver) {
			most = Math.max(most, await residentMegabytes(child.pid!));
			isLate = performance.now() - started > seconds * 1000;
			if (isLate) child.kill('SIGKILL');
			await wait(lookEveryMs);
		}
	})();
	const run = await ended;
	isOver = true;
	await looking;
	const what = `“${args.slice(0, 3).join(' ')}”`;
	assertKept(!isLate, `${what} takes longer than ${seconds} s`);
	assertKept(most < megabytes, `${what} takes ${most} MB`);
	assertKept(
		[0, 1, 2, 3].includes(run.exitCode),
		`${what} ends with ${run.exitCode}: ${run.stderr.slice(-500)}`,
	);
	assertKept(!/\n\s+at /.test(run.stderr), `${what} fails without a word: ${run.stderr.slice(-500)}`);
	return run;
}

/** The most that a process has had; 0 once it is gone. */
async function residentMegabytes(pid: number): Promise<number> {
	const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
	return Math.round(Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024);
}
