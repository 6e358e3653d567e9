import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Where Linux says what memory there is. */
export interface MemoryFiles {
	/** Of the control group that this process is in, as it is mounted in a container. */
	cgroup: string;
	proc: string;
}

const systemFiles: MemoryFiles = { cgroup: '/sys/fs/cgroup', proc: '/proc' };

/**
 * Bytes of memory that this process could still take: what the machine has to spare, or less where the container has a
 * limit. Files that were read count as memory of a container, too; the kernel gives those up first, so they are
 * counted as free. Undefined where nothing says.
 */
export async function freeMemory(files: MemoryFiles = systemFiles): Promise<number | undefined> {
	const found = [
		await ofMachine(files.proc),
		(await ofGroup(files.cgroup)) ?? (await ofOldGroup(files.cgroup)),
	];
	const known = found.filter((bytes) => bytes !== undefined);
	return known.length === 0 ? undefined : Math.min(...known);
}

async function ofMachine(proc: string): Promise<number | undefined> {
	const kilobytes = /^MemAvailable:\s+(\d+) kB$/m.exec((await read(proc, 'meminfo')) ?? '')?.[1];
	return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}

/** Control groups, version 2 (https://docs.kernel.org/admin-guide/cgroup-v2.html). Without a limit it says `max`. */
async function ofGroup(cgroup: string): Promise<number | undefined> {
	const limit = Number(await read(cgroup, 'memory.max'));
	const used = Number(await read(cgroup, 'memory.current'));
	const cached = /^inactive_file (\d+)$/m.exec((await read(cgroup, 'memory.stat')) ?? '')?.[1];
	return remaining(limit, used, Number(cached ?? 0));
}

/** Version 1. Without a limit it says an absurdly large one. */
async function ofOldGroup(cgroup: string): Promise<number | undefined> {
	const limit = Number(await read(cgroup, 'memory', 'memory.limit_in_bytes'));
	const used = Number(await read(cgroup, 'memory', 'memory.usage_in_bytes'));
	const cached = /^total_inactive_file (\d+)$/m.exec(
		(await read(cgroup, 'memory', 'memory.stat')) ?? '',
	)?.[1];
	return remaining(limit, used, Number(cached ?? 0));
}

function remaining(limit: number, used: number, cached: number): number | undefined {
	if (!Number.isFinite(limit) || !Number.isFinite(used)) return undefined;
	return Math.max(0, limit - (used - cached));
}

async function read(...path: string[]): Promise<string | undefined> {
	try {
		return await readFile(join(...path), 'utf8');
	} catch {
		return undefined;
	}
}
