import { setTimeout as wait } from 'node:timers/promises';
import { startCommand } from '../../lab/command.ts';
import type { Random } from '../../lab/random.ts';
import type { Scene } from '../crash/killAttack.ts';
import { correct, measureSpan, momentIn, type Span } from '../crash/span.ts';
import { type Attack, assertKept } from '../harness/attack.ts';
import { inTime } from '../judges/inTime.ts';

/** What happens to a server while somebody works with it. */
export interface Outage {
	/** @returns whether there was anything that it could happen to */
	begin(random: Random): Promise<boolean>;
	/** Everything is as it should be again. */
	end(): Promise<void>;
}

export type OutageAttackOptions = Pick<Attack, 'promise' | 'fault' | 'faults'> & {
	/** Scenes on one server, of which each fault takes any. */
	setUp: (scratch: string) => Promise<{ scenes: Scene[]; outage: Outage }>;
};

/** Silence after which a command is to ask its server, or give up: `--idle-timeout`. */
export const idleSeconds = 3;
/** A run that ends so much later waited for something that has no time-out. */
const mostSeconds = 60;
/** What n8n-backup ends with where a backup is not as it should be. */
const blamesBackup = 3;
/** The work is done again, to its end, after so many outages. */
const healEvery = 5;

/**
 * Lets something happen to a server at any moment of a command's work with it. The command may succeed or fail, in time
 * and in words; what it leaves is judged, and neither it nor anything else says that a backup is to blame.
 */
export function outageAttack({ setUp, ...attack }: OutageAttackOptions): Attack {
	return {
		...attack,
		async open(scratch) {
			const { scenes, outage } = await setUp(scratch);
			const spans = new Map<Scene, Span>();
			let outages = 0;
			return {
				async strike(random) {
					const scene = random.pick(scenes);
					const span = spans.get(scene) ?? (await measureSpan(scene));
					spans.set(scene, span);
					await scene.reset();
					const run = await runThrough(scene, outage, span, random);
					if (run === undefined) return false;
					await scene.judge(run.hasSucceeded);
					outages += 1;
					if (outages % healEvery === 1) await scene.heal?.();
					return true;
				},
				async [Symbol.asyncDispose]() {
					for (const scene of scenes) await scene[Symbol.asyncDispose]();
				},
			};
		},
	};
}

/** @returns undefined where it came too late, or there was nothing for it to happen to */
async function runThrough(
	{ args, env }: Scene,
	outage: Outage,
	span: Span,
	random: Random,
): Promise<{ hasSucceeded: boolean } | undefined> {
	const delayMs = momentIn(span, random);
	const started = performance.now();
	const running = startCommand(args, env);
	let isOver = false;
	void running.ended.then(() => (isOver = true));
	await Promise.race([running.ended, wait(delayMs)]);
	const isInTime = !isOver;
	try {
		const hasStruck = isInTime && (await outage.begin(random));
		const { exitCode, stdout, stderr } = await inTime(running, mostSeconds);
		correct(span, isInTime ? undefined : performance.now() - started);
		const said = stdout + stderr;
		assertKept(exitCode !== blamesBackup, `It blames the backup: ${said}`);
		const isSaid = exitCode === 0 || (/^[✗?] /m.test(said) && !/\n\s+at /.test(said));
		assertKept(isSaid, `It fails without a word: ${said}`);
		return hasStruck ? { hasSucceeded: exitCode === 0 } : undefined;
	} finally {
		await outage.end();
	}
}
