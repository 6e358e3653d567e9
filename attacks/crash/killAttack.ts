import { setTimeout as wait } from 'node:timers/promises';
import { startCommand } from '../../lab/command.ts';
import type { Random } from '../../lab/random.ts';
import { type Attack, assertKept } from '../harness/attack.ts';
import { endingOnFailure } from '../harness/endingOnFailure.ts';
import { correct, measureSpan, momentIn, type Span } from './span.ts';

/** Work of `n8n-backup` in a process of its own, which is killed. */
export interface Scene extends AsyncDisposable {
	/** Puts everything back to where each fault begins. */
	reset(): Promise<void>;
	args: string[];
	env?: NodeJS.ProcessEnv;
	/**
	 * @param hasSucceeded whether the process says so; it was killed, or failed, otherwise
	 * @throws Lost when what it left breaks the promise
	 */
	judge(hasSucceeded: boolean): Promise<void>;
	/** Now and then: the same work again, to its end. @throws Lost when that does not mend what the dead process left */
	heal?(): Promise<void>;
}

/** The work is done again, to its end, after so many kills. */
const healEvery = 10;

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
			const span = await endingOnFailure(scene, async () => await measureSpan(scene));
			let kills = 0;
			return {
				async strike(random) {
					await scene.reset();
					if (!(await killOnce(scene, span, random))) return false;
					await scene.judge(false);
					kills += 1;
					if (kills % healEvery === 1) await scene.heal?.();
					return true;
				},
				[Symbol.asyncDispose]: async () => await scene[Symbol.asyncDispose](),
			};
		},
	};
}

/** @returns whether it was still at work */
async function killOnce({ args, env }: Scene, span: Span, random: Random): Promise<boolean> {
	const delayMs = momentIn(span, random);
	const started = performance.now();
	const { child, ended } = startCommand(args, env);
	await Promise.race([ended, wait(delayMs)]);
	child.kill('SIGKILL');
	const { exitCode, stderr } = await ended;
	assertKept(exitCode === -1 || exitCode === 0, `It failed before it was killed: ${stderr}`);
	const isKilled = exitCode === -1;
	correct(span, isKilled ? undefined : performance.now() - started);
	return isKilled;
}
