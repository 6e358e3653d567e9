import { fstatSync, lstatSync, readdirSync } from 'node:fs';
import { identityOf } from './place';

/** Linux has it as a link to `/proc/self/fd`, macOS as it is. */
const descriptorDirectory = '/dev/fd';

/**
 * The regular files that this process has open, each as {@link identityOf} names it. To open and close one of them
 * once more would drop every lock that the process holds on it, those of n8n's SQLite among them
 * (https://sqlite.org/howtocorrupt.html, section 2.2).
 *
 * @returns none where the system does not tell
 */
export function filesOpenHere(): Set<string> {
	const identities = new Set<string>();
	for (const descriptor of openDescriptors()) {
		const identity = identityOfFile(descriptor);
		if (identity !== undefined) identities.add(identity);
	}
	return identities;
}

/** Whether a path leads to one of {@link filesOpenHere}. Only looks from outside, and leaves errors to who opens it. */
export function isOpenHere(openHere: ReadonlySet<string>, path: Buffer | string): boolean {
	if (openHere.size === 0) return false;
	try {
		const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
		return stats !== undefined && openHere.has(identityOf(stats));
	} catch {
		return false;
	}
}

function openDescriptors(): number[] {
	try {
		return readdirSync(descriptorDirectory).map(Number);
	} catch {
		return [];
	}
}

function identityOfFile(descriptor: number): string | undefined {
	try {
		const stats = fstatSync(descriptor, { bigint: true });
		return stats.isFile() ? identityOf(stats) : undefined;
	} catch {
		// The one that the listing itself was read by, and any that has been closed since.
		return undefined;
	}
}
