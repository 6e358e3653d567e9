import { Readable } from 'node:stream';
import { readPlain } from '../../artifact/readArtifact';
import type { DecryptionKeys } from '../../encryption';

export interface StoredRdb {
	path: string;
	/** Of the artifact, where it is open already: then its path is for errors only. It stays open. */
	descriptor?: number;
	/** For a snapshot that is encrypted. */
	keys?: DecryptionKeys;
}

/** The RDB's own bytes in an artifact: Redis compresses within the file, so that only encryption is in the way. */
export function openRdb(stored: StoredRdb): Readable {
	return Readable.from(readPlain(stored), { objectMode: false });
}
