import type { Manifest } from '../artifact';
import { olderThanBackup } from '../n8n/versions';

/**
 * A warning where an older n8n is to use the SQLite database in an archive; without any, the data folder is nothing that
 * versions change.
 *
 * @param n8nVersion of the n8n that is going to use what is restored, where that is known
 */
export function olderN8nWarnings(manifest: Manifest | undefined, n8nVersion: string | undefined): string[] {
	return olderThanBackup(n8nIn(manifest), n8nVersion);
}

/** The n8n that used the database in an archive. */
function n8nIn(manifest: Manifest | undefined): string | undefined {
	if (manifest?.census.kind !== 'tar') return undefined;
	const own = manifest.census.databases?.find(({ n8n }) => n8n !== undefined);
	return own && (own.n8n?.version ?? manifest.n8nVersion);
}
