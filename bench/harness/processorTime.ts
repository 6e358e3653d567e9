import { readFileSync } from 'node:fs';

const clockTicksPerSecond = 100;

/** Processor time of this process so far, in user and in kernel mode, with its children that have ended. Linux only. */
export function processorSeconds(): number {
	const stat = readFileSync('/proc/self/stat', 'latin1');
	// Fields 14 to 17 of proc(5), counted behind the name, which may hold spaces.
	const times = stat
		.slice(stat.lastIndexOf(')') + 2)
		.split(' ')
		.slice(11, 15);
	return times.reduce((sum, ticks) => sum + Number(ticks), 0) / clockTicksPerSecond;
}
