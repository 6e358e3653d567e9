import type { WatchedJob } from './jobs.ts';

/** One of those who do the same work in turn. */
export interface Contestant {
	name: string;
	run(): Promise<WatchedJob | number>;
	/** Makes ready for a run, outside of the measured time. */
	prepare?: () => Promise<void>;
	/** Measured for the table only, in fewer rounds or none: nothing was promised against it. */
	isAside?: boolean;
}

/** What a contestant took, one number a round. */
export interface Times {
	name: string;
	seconds: number[];
	/** Only of processes of ours. */
	measured: WatchedJob[];
}

export interface RaceOptions {
	rounds: number;
	/** Of those who are aside. */
	asideRounds: number;
	/** Does not run a contestant again that has taken this many seconds: long runs differ less from each other. */
	enoughSeconds: number;
}

/**
 * Lets contestants do their work in turn, several rounds: A B C, B C A, C A B. Whatever else the machine does
 * then hits all of them alike, and nobody always finds the caches as the same predecessor left them.
 */
export async function race(
	contestants: readonly Contestant[],
	{ rounds, asideRounds, enoughSeconds }: RaceOptions,
): Promise<Map<string, Times>> {
	const all = new Map(contestants.map(({ name }) => [name, emptyTimes(name)]));
	for (let round = 0; round < rounds; round++) {
		const first = round % contestants.length;
		for (const contestant of [...contestants.slice(first), ...contestants.slice(0, first)]) {
			if (contestant.isAside && round >= asideRounds) continue;
			const times = all.get(contestant.name) as Times;
			if (sum(times.seconds) >= enoughSeconds) continue;
			await contestant.prepare?.();
			const result = await contestant.run();
			const measured = typeof result === 'number' ? undefined : result;
			times.seconds.push(measured?.seconds ?? (result as number));
			if (measured) times.measured.push(measured);
		}
		console.log(`    round ${round + 1}: ${[...all.values()].map(lastOf).filter(Boolean).join(' · ')}`);
	}
	return all;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

const emptyTimes = (name: string): Times => ({ name, seconds: [], measured: [] });

function lastOf({ name, seconds }: Times): string {
	return `${name} ${seconds.at(-1)?.toFixed(2) ?? '–'}`;
}
