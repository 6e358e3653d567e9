import { setTimeout as wait } from 'node:timers/promises';
import { type CommandRun, startCommand } from '../../lab/command.ts';
import type { Random } from '../../lab/random.ts';
import { type DiskFault, FailingDisk } from '../disk/failingDisk.ts';
import { type Attack, assertKept } from '../harness/attack.ts';
import { endingOnFailure } from '../harness/endingOnFailure.ts';
import { correct, measureSpan, momentIn, type Span } from './span.ts';

/** Work of `n8n-backup` in a process of its own, which is killed. */
export interface Scene extends AsyncDisposable {
	/** Puts everything back to where each fault begins. */
	reset(): Promise<void>;
	args: string[];
	env?: NodeJS.ProcessEnv;
	/** Directories that it works in, or `socket` for all its connections. */
	places: readonly string[];
	/** Whether everything that it writes has to be on the disk before it says that it has succeeded. */
	isSynced?: boolean;
	/**
	 * @param hasSucceeded whether the process says so; it was killed, or failed, otherwise
	 * @param said what it printed, where it was not killed
	 * @throws Lost when what it left breaks the promise
	 */
	judge(hasSucceeded: boolean, said?: string): Promise<void>;
	/** Now and then: the same work again, to its end. @throws Lost when that does not mend what the dead process left */
	heal?(): Promise<void>;
}

/** The work is done again, to its end, after so many kills. */
const healEvery = 10;

export type KillAttackOptions = Pick<Attack, 'promise' | 'fault' | 'faults'> & {
	setUp: (scratch: string) => Promise<Scene>;
};

/**
 * Kills a command with SIGKILL: at any moment between the one when it is loaded and the one when a whole run ends, or right
 * before any of the calls by which it changes something. The moments between the last of those are too short to be hit
 * by chance. When a run ends, is measured before, and again by each run that ends before it is killed.
 */
export function killAttack({ setUp, ...attack }: KillAttackOptions): Attack {
	return {
		...attack,
		async open(scratch) {
			const scene = await setUp(scratch);
			const span = await endingOnFailure(scene, async () => await measureSpan(scene));
			const calls = new KilledCalls(scene, scratch);
			let kills = 0;
			return {
				async strike(random) {
					const isAtCall = scene.places.length > 0 && random.below(3) > 0;
					const isKilled = isAtCall ? await calls.killOnce(random) : await killOnce(scene, span, random);
					if (!isKilled) return false;
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
async function killOnce(scene: Scene, span: Span, random: Random): Promise<boolean> {
	await scene.reset();
	const delayMs = momentIn(span, random);
	const started = performance.now();
	const { child, ended } = startCommand(scene.args, scene.env);
	await Promise.race([ended, wait(delayMs)]);
	child.kill('SIGKILL');
	const isKilled = wasKilled(await ended);
	correct(span, isKilled ? undefined : performance.now() - started);
	return isKilled;
}

function wasKilled({ exitCode, stderr }: CommandRun): boolean {
	assertKept(exitCode === -1 || exitCode === 0, `It failed before it was killed: ${stderr}`);
	return exitCode === -1;
}

const anyChange: DiskFault = { calls: 'change', errno: 'killed', lasts: false };

/** Calls by which a run ends, where names are given: one of them is chosen as often as any other. */
const lastCalls = 24;

/** Kills right before calls, which are counted when the first one is to be chosen. */
class KilledCalls {
	readonly #scene: Scene;
	readonly #scratch: string;
	#known: Promise<{ disk: FailingDisk; count: number }> | undefined;

	constructor(scene: Scene, scratch: string) {
		this.#scene = scene;
		this.#scratch = scratch;
	}

	/** @returns whether it made so many calls */
	async killOnce(random: Random): Promise<boolean> {
		const { disk, count } = await (this.#known ??= this.#count());
		await this.#scene.reset();
		const last = count - 1 - random.below(Math.min(count, lastCalls));
		return wasKilled(await this.#run(disk, random.below(2) === 0 ? last : random.below(count)));
	}

	async #count(): Promise<{ disk: FailingDisk; count: number }> {
		const disk = await FailingDisk.make(this.#scratch, this.#scene.places);
		await this.#scene.reset();
		const isKilled = wasKilled(await this.#run(disk));
		const { calls } = await disk.tally();
		if (isKilled || calls === 0) throw new Error(`${this.#scene.args.join(' ')} changes nothing`);
		return { disk, count: calls };
	}

	async #run(disk: FailingDisk, after?: number): Promise<CommandRun> {
		const { args, env } = this.#scene;
		return await startCommand(args, { ...env, ...(await disk.environment(anyChange, after)) }).ended;
	}
}
