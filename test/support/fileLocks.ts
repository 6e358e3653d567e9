import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename, dirname } from 'node:path';

/**
 * The locks that this process has on files in a directory, as the kernel says of each open file: its name, how it is
 * locked, and which bytes. (/proc/locks is no snapshot: while others lock files, it may name a lock twice, or not at all.)
 */
export function locksInDirectory(directory: string): string[] {
	return readdirSync('/proc/self/fd')
		.flatMap((descriptor) => locksOf(directory, descriptor))
		.sort();
}

function locksOf(directory: string, descriptor: string): string[] {
	try {
		const path = readlinkSync(`/proc/self/fd/${descriptor}`);
		if (dirname(path) !== directory) return [];
		const told = readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8');
		return [...told.matchAll(/^lock:\s+\d+: (\w+)\s+\w+\s+(\w+) \d+ \S+ (.*)$/gm)].map(
			([, kind, mode, range]) => `${basename(path)} ${kind} ${mode} ${range}`,
		);
	} catch {
		// It was the descriptor that read the list.
		return [];
	}
}
