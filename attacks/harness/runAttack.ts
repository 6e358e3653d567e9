import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '../../lab/random.ts';
import { type Attack, Lost, type PromiseName } from './attack.ts';

export interface AttackResult {
	promise: PromiseName;
	fault: string;
	/** Faults that struck. */
	tried: number;
	/** Faults that came too late to strike. */
	missed: number;
	/** Each by the seed that shows it again. */
	lost: Array<{ seed: number; what: string }>;
	/** Of the first fault; each later one has the next number. */
	seed: number;
	seconds: number;
}

export interface RunOptions {
	/** Faults that are to strike. */
	faults: number;
	seed: number;
	/** After which no further fault begins; at least one is tried. */
	seconds?: number;
	/** Called after each fault. */
	onFault?: (result: AttackResult) => void;
}

/** Of the faults that are tried so many may come too late for each one that strikes. */
const mostMissed = 10;

/**
 * Tries faults until as many have struck as are wanted.
 *
 * @throws whatever the arena fails with, beside {@link Lost}; Error when nearly all faults come too late
 */
export async function runAttack(
	{ promise, fault, open }: Attack,
	{ faults, seed, seconds = Infinity, onFault }: RunOptions,
): Promise<AttackResult> {
	const started = performance.now();
	const scratch = await mkdtemp(join(tmpdir(), 'n8n-backup-attack-'));
	const result: AttackResult = { promise, fault, tried: 0, missed: 0, lost: [], seed, seconds: 0 };
	try {
		await using arena = await open(scratch);
		for (
			let next = seed;
			result.tried < faults && (result.tried === 0 || result.seconds < seconds);
			next += 1
		) {
			try {
				if (await arena.strike(new Random(next))) result.tried += 1;
				else result.missed += 1;
			} catch (error) {
				if (!(error instanceof Lost)) throw atSeed(error, fault, next);
				result.tried += 1;
				result.lost.push({ seed: next, what: error.message });
			}
			if (result.missed > mostMissed * (faults + 1))
				throw new Error(`${fault}: nearly all faults come too late`);
			result.seconds = (performance.now() - started) / 1000;
			onFault?.(result);
		}
	} finally {
		await rm(scratch, { recursive: true, force: true });
	}
	return result;
}

function atSeed(error: unknown, fault: string, seed: number): Error {
	const why = error instanceof Error ? error.message : String(error);
	return new Error(`${fault}, seed ${seed}: ${why}`, { cause: error });
}
