import { setTimeout as wait } from 'node:timers/promises';
import { command, startCommand } from '../../lab/command.ts';
import type { Random } from '../../lab/random.ts';
import { type Attack, assertKept } from '../harness/attack.ts';
import { endingOnFailure } from '../harness/endingOnFailure.ts';

/** Work of `n8n-backup` in a process of its own, which is killed. */
export interface Scene extends AsyncDisposable {
	/** Puts everything back to where each fault begins. */
	reset(): Promise<void>;
	args: string[];
	env?: NodeJS.ProcessEnv;
	/** @throws Lost when what the dead process left breaks the promise */
	judge(): Promise<void>;
	/** Now and then: the same work again, to its end. @throws Lost when that does not mend what the dead process left */
	heal?(): Promise<void>;
}

/** The work is done again, to its end, after so many kills. */
const healEvery = 10;
/** By this much the time that a run is thought to take grows with each kill, until one comes too late. */
const growth = 1.01;

export type KillAttackOptions = Pick<Attack, 'promise' | 'fault' | 'faults'> & {
	setUp: (scratch: string) => Promise<Scene>;
};

/**
 * Kills a command with SIGKILL, at any moment between the one when it is loaded and the one when a whole run ends. When
 * that is, is measured before, and again by each run that ends before it is killed.
 */
export function killAttack({ setUp, ...attack }: KillAttackOptions): Attack {
	return {
		...attack,
		async open(scratch) {
			const scene = await setUp(scratch);
			const span = await endingOnFailure(scene, async () => await measure(scene));
			let kills = 0;
			return {
				async strike(random) {
					await scene.reset();
					if (!(await killOnce(scene, span, random))) return false;
					await scene.judge();
					kills += 1;
					if (kills % healEvery === 1) await scene.heal?.();
					return true;
				},
				[Symbol.asyncDispose]: async () => await scene[Symbol.asyncDispose](),
			};
		},
	};
}

interface Span {
	loadedMs: number;
	wholeMs: number;
}

async function measure(scene: Scene): Promise<Span> {
	const loadedMs = await timed(async () => await command(['--version']));
	await scene.reset();
	const wholeMs = await timed(async () => {
		const { exitCode, stderr } = await command(scene.args, scene.env);
		if (exitCode !== 0) throw new Error(`${scene.args.join(' ')} ended with ${exitCode}: ${stderr}`);
	});
	return { loadedMs, wholeMs };
}

async function timed(work: () => Promise<unknown>): Promise<number> {
	const started = performance.now();
	await work();
	return performance.now() - started;
}

/** @returns whether it was still at work */
async function killOnce({ args, env }: Scene, span: Span, random: Random): Promise<boolean> {
	const delayMs = span.loadedMs + random.below(Math.max(1, Math.ceil(span.wholeMs - span.loadedMs)));
	const started = performance.now();
	const { child, ended } = startCommand(args, env);
	await Promise.race([ended, wait(delayMs)]);
	child.kill('SIGKILL');
	const { exitCode, stderr } = await ended;
	assertKept(exitCode === -1 || exitCode === 0, `It failed before it was killed: ${stderr}`);
	const isKilled = exitCode === -1;
	span.wholeMs = isKilled ? span.wholeMs * growth : performance.now() - started;
	return isKilled;
}
