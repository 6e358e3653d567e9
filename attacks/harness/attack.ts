import type { Random } from '../../lab/random.ts';

/** What docs/guarantees.md promises, in its order. */
export const promises = {
	whole: 'A backup is complete, or it is absent',
	restored: 'A database is the old one or the new one, whole',
	found: 'What is damaged is found',
	contained: 'A backup that somebody forged changes nothing but the place that it is restored into',
	kept: 'Retention removes neither the last good backup nor what cannot be judged',
	secret: 'No secret leaves',
} as const;

export type PromiseName = keyof typeof promises;

/** One kind of fault against one promise. */
export interface Attack {
	promise: PromiseName;
	/** As the table names it: “kill -9 while a dump is made”. Unique. */
	fault: string;
	/** How many of `npm run guarantees`, and of `npm test`. */
	faults: { whole: number; short: number };
	/** Makes what all faults are tried on, in a directory of its own. */
	open(scratch: string): Promise<Arena>;
}

/** Servers, files and whatever else an attack goes at. */
export interface Arena extends AsyncDisposable {
	/**
	 * Tries one fault; which one, where and when is decided by the numbers alone.
	 *
	 * @returns whether it struck: one that came after the work was done proves nothing
	 * @throws Lost when the promise was broken
	 */
	strike(random: Random): Promise<boolean>;
}

/** A promise that was broken. */
export class Lost extends Error {
	override name = 'Lost';
}

/** @throws Lost with what is wrong, where it does not hold */
export function assertKept(holds: boolean, whatIsLost: string): asserts holds {
	if (!holds) throw new Lost(whatIsLost);
}
