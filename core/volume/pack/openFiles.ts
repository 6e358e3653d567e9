import { fstatSync, readdirSync } from 'node:fs';
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
