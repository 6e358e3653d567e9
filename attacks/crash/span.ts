import { command } from '../../lab/command.ts';
import type { Random } from '../../lab/random.ts';
import type { Scene } from './killAttack.ts';

/** When a command is at its work, in milliseconds from its start. */
export interface Span {
	loadedMs: number;
	wholeMs: number;
}

/** By this much the time that a run is thought to take grows with each fault, until one comes too late. */
const growth = 1.01;

/** How long it takes to load the command, in milliseconds: measured once. */
let loaded: Promise<number> | undefined;

export async function measureSpan(scene: Scene): Promise<Span> {
	loaded ??= timed(async () => await command(['--version']));
	const loadedMs = await loaded;
	await scene.reset();
	const wholeMs = await timed(async () => {
		const { exitCode, stderr } = await command(scene.args, scene.env);
		if (exitCode !== 0) throw new Error(`${scene.args.join(' ')} ended with ${exitCode}: ${stderr}`);
	});
	return { loadedMs, wholeMs };
}

export function momentIn({ loadedMs, wholeMs }: Span, random: Random): number {
	return loadedMs + random.below(Math.max(1, Math.ceil(wholeMs - loadedMs)));
}

/** @param endedAfterMs of a run that ended before its fault came */
export function correct(span: Span, endedAfterMs: number | undefined): void {
	span.wholeMs = endedAfterMs ?? span.wholeMs * growth;
	// Loading took longer when it was measured, on a machine that was busier then.
	span.loadedMs = Math.min(span.loadedMs, 0.9 * span.wholeMs);
}

async function timed(work: () => Promise<unknown>): Promise<number> {
	const started = performance.now();
	await work();
	return performance.now() - started;
}
