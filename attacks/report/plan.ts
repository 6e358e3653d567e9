import { parseArgs } from 'node:util';
import type { Attack } from '../harness/attack.ts';

/** What a command line asks for. */
export interface Plan {
	attacks: readonly Attack[];
	/** Of the first fault of each attack. */
	seed: number;
	/** Of each attack; undefined: as many as it says itself. */
	faults?: number;
	/** After which no further fault of an attack begins; undefined for a number of faults, however long they take. */
	seconds?: number;
	/** Whether the results are those that the table is made of. */
	isWhole: boolean;
}

/**
 * @param all from which `--only TEXT` takes those whose fault contains the text
 * @throws Error for arguments that mean nothing
 */
export function planOf(commandLine: readonly string[], all: readonly Attack[]): Plan {
	const { values } = parseArgs({
		args: [...commandLine],
		options: {
			only: { type: 'string' },
			seed: { type: 'string' },
			faults: { type: 'string' },
			minutes: { type: 'string' },
		},
	});
	const { only = '' } = values;
	const attacks = all.filter(({ fault }) => fault.includes(only));
	if (attacks.length === 0) throw new Error(`No fault is called “${only}”`);
	const faults = values.faults === undefined ? undefined : wholeNumber(values.faults);
	const minutes = values.minutes ?? (faults === undefined ? '1' : undefined);
	const seconds = minutes === undefined ? undefined : wholeNumber(minutes) * 60;
	const seed = values.seed === undefined ? Math.floor(Date.now() / 1000) : wholeNumber(values.seed);
	return { attacks, seed, faults, seconds, isWhole: faults === undefined };
}

function wholeNumber(text: string): number {
	const number = Number(text);
	if (!Number.isSafeInteger(number) || number < 0) throw new Error(`${text} is no whole number`);
	return number;
}
