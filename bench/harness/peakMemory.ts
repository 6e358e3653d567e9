import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';

/**
 * The highest resident memory that this process has had, in bytes. Linux's own account of it is asked for, because
 * getrusage() also counts what the parent had when it forked: a bench that had just made a tree of big files passed
 * 290 MB on to a process that never had more than 130.
 */
export function peakResidentBytes(): number {
	if (process.platform !== 'linux') return process.resourceUsage().maxRSS * 1024;
	return highWaterMark(readFileSync('/proc/self/status', 'latin1'));
}

const lookEveryMs = 100;

/** The highest resident memory of a process that this one starts, looked at while it is there. Linux only. */
export class ChildMemory {
	#peakBytes = 0;
	readonly #timer = setInterval(() => void this.#look(), lookEveryMs);

	/** Bytes. */
	stop(): number {
		clearInterval(this.#timer);
		return this.#peakBytes;
	}

	async #look(): Promise<void> {
		for (const thread of await readdir('/proc/self/task').catch(() => [])) {
			const children = await readFile(`/proc/self/task/${thread}/children`, 'latin1').catch(() => '');
			for (const child of children.match(/\d+/g) ?? []) {
				const status = await readFile(`/proc/${child}/status`, 'latin1').catch(() => '');
				this.#peakBytes = Math.max(this.#peakBytes, highWaterMark(status));
			}
		}
	}
}

/** Zero for a process that is gone. */
function highWaterMark(status: string): number {
	return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}
