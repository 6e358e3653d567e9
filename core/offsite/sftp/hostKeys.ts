import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { BackupError, hasCode } from '../../errors';
import { AtomicFile } from '../../files/atomicFile';
import { readRegularFile } from '../../files/readRegularFile';

/** Where the keys of SSH servers are kept from their first use on. */
export interface HostKeys {
	/** The fingerprint that this server must have; undefined on its first use. */
	expected(server: string): Promise<string | undefined>;
	/** Keeps the fingerprint that a server showed on its first use. */
	pin(server: string, fingerprint: string): Promise<void>;
}

/** As OpenSSH shows it: `SHA256:…`. */
export function fingerprintOf(key: Buffer): string {
	return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

const mostBytes = 1024 * 1024;

/** Keys in a file of the backup directory, which no catalog shows: `{"host:22": "SHA256:…"}`. */
export function hostKeysIn(root: string): HostKeys {
	const path = join(root, '.offsite-host-keys.json');
	const read = async () => {
		try {
			return JSON.parse((await readRegularFile(path, mostBytes)).toString()) as Record<string, unknown>;
		} catch (error) {
			if (hasCode(error, 'not-found')) return {};
			throw unreadable(path, error);
		}
	};
	return {
		async expected(server) {
			const fingerprint = (await read())[server];
			if (fingerprint === undefined) return undefined;
			if (typeof fingerprint === 'string') return fingerprint;
			throw unreadable(path);
		},
		async pin(server, fingerprint) {
			const keys = { ...(await read()), [server]: fingerprint };
			await using file = await AtomicFile.create(path, { replace: true });
			await file.write(`${JSON.stringify(keys, null, '\t')}\n`);
			await file.commit();
		},
	};
}

/** One key that is known beforehand; without it the first key is shown and believed. */
export function hostKeyGiven(fingerprint: string | undefined): HostKeys {
	return {
		expected: async () => await Promise.resolve(fingerprint),
		pin: async () => {},
	};
}

function unreadable(path: string, cause?: unknown): BackupError {
	return new BackupError('unreadable', `${path} is not a list of host keys that can be relied on`, {
		advice: 'Compare the keys that are in it with those of your servers, then correct or remove it',
		cause,
	});
}
