import type { Random } from '../../lab/random.ts';
import { type Arena, type Attack, assertKept } from '../harness/attack.ts';
import { isForPeople } from '../judges/isForPeople.ts';
import { type Kept, readCorpus } from './corpus.ts';
import { cutAnywhere, mutate } from './mutate.ts';
import type { Target } from './target.ts';
import { targets } from './targets.ts';

/** Whoever takes longer for a megabyte or two does not read it once. */
const mostSeconds = 20;

/** Everything that reads bytes from outside is given bytes that nobody means well with. */
export const fuzzedReaders: Attack[] = [
	{
		promise: 'contained',
		fault:
			'dumps, tars, RDBs, manifests, answers of Redis, zstd frames and age headers, mutated by what they are made of: cut anywhere, they are read alike or refused',
		faults: { whole: 50_000, short: 400 },
		open: async () => await open(),
	},
];

async function open(): Promise<Arena> {
	const corpora = new Map<Target, Kept[]>();
	for (const target of targets) corpora.set(target, await readCorpus(target.name));
	return {
		async strike(random: Random) {
			const target = random.pick(targets);
			const { name, bytes } = random.pick(corpora.get(target)!);
			const mutated = mutate(bytes, target.words, random);
			const isRepaired = target.repair !== undefined && random.below(2) === 0;
			const given = isRepaired ? target.repair!(mutated) : mutated;
			await readAlike(target, given, random, name);
			return true;
		},
		[Symbol.asyncDispose]: async () => {},
	};
}

/**
 * Reads bytes as one piece, and cut anywhere.
 *
 * @throws Lost where it is not the same, takes long, or ends with no error for people
 */
export async function readAlike(target: Target, bytes: Buffer, random: Random, name: string): Promise<void> {
	const whole = await outcome(target, [bytes], name);
	const inPieces = await outcome(target, cutAnywhere(bytes, random), name);
	assertKept(whole === inPieces, `${target.name} from ${name} is read otherwise when it comes in pieces`);
}

async function outcome(target: Target, pieces: Buffer[], name: string): Promise<string> {
	const started = performance.now();
	let found: string;
	try {
		found = await target.read(pieces);
	} catch (error) {
		assertKept(
			isForPeople(error),
			`${target.name} from ${name} fails: ${error instanceof Error ? error.stack : String(error)}`,
		);
		found = 'code' in error ? `refused: ${String(error.code)}` : 'refused';
	}
	const seconds = (performance.now() - started) / 1000;
	assertKept(seconds < mostSeconds, `${target.name} from ${name} takes ${seconds.toFixed(0)} s`);
	return found;
}
