import { readFileSync } from 'node:fs';

/**
 * The highest resident memory that this process has had, in bytes. Linux's own account of it is asked for, because
 * getrusage() also counts what the parent had when it forked: a bench that had just made a tree of big files passed
 * 290 MB on to a process that never had more than 130.
 */
export function peakResidentBytes(): number {
	if (process.platform !== 'linux') return process.resourceUsage().maxRSS * 1024;
	const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1];
	return Number(kilobytes) * 1024;
}
