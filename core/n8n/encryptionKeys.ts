import { type CatalogEntry, compressionOf, newestOfEach, readCatalog } from '../artifact';
import type { DecryptionKeys } from '../encryption';
import { BackupError } from '../errors';
import { keyInArtifact } from './keyInArtifact';

/** An encryption key and the artifact that it was found in. The key must not get out of the check it is for. */
export interface FoundKey {
	key: string;
	/** File name of the artifact. */
	artifact: string;
}

/**
 * n8n's encryption key as the newest backups have it: the newest `.env` and the newest data folder of every
 * series, the small files first. One that cannot be read is passed over: the check then says that no key was found.
 *
 * @param keys for the ones that are encrypted
 */
export async function* findEncryptionKeys(
	{ root, timeZone, keys }: { root: string; timeZone: string; keys?: DecryptionKeys },
	signal: AbortSignal,
): AsyncGenerator<FoundKey> {
	const entries = await readCatalog({ root, timeZone, components: ['env', 'n8n'] });
	const usable = entries.filter(({ state }) => state === 'good' || state === 'unproven');
	for (const entry of newestOfEach(usable)) {
		if (entry.manifest?.encryptionKey === 'missing') continue;
		const key = await keyIn(entry, keys, signal);
		if (key !== undefined) yield { key, artifact: entry.name };
	}
}

async function keyIn(
	{ path, name, component, manifest }: CatalogEntry,
	keys: DecryptionKeys | undefined,
	signal: AbortSignal,
): Promise<string | undefined> {
	const compression = manifest?.compression ?? compressionOf(name);
	try {
		const kind = component === 'env' ? 'file' : 'archive';
		return await keyInArtifact({ path, compression, keys, kind }, signal);
	} catch (error) {
		if (error instanceof BackupError && error.code === 'cancelled') throw error;
		return undefined;
	}
}
