import type { Manifest } from '../../artifact';
import { olderThanBackup } from '../../n8n/versions';
import { withClient } from '../connect/client';
import type { PostgresConnection } from '../connect/connection';
import { readHistory, type WholeHistory } from '../n8nHistory';
import type { TextQueries } from '../queries';

/** What is known of the n8n that was backed up, and of the one that is to use the restored database. */
export interface N8nComparison {
	manifest: Manifest | undefined;
	/** Of the restored database. */
	restored: WholeHistory | undefined;
	/** Of the database that is replaced. */
	present: WholeHistory | undefined;
	/** The n8n that is going to use it, where somebody says so. */
	n8nVersion: string | undefined;
}

/**
 * A warning where the n8n that is to use the restored database seems older than the one that was backed up: n8n migrates
 * its database forwards only. What is not known warns of nothing.
 */
export function olderN8nWarnings({ manifest, restored, present, n8nVersion }: N8nComparison): string[] {
	const backedUp = restored?.version ?? manifest?.source.n8n?.version ?? manifest?.n8nVersion;
	const byVersion = olderThanBackup(backedUp, n8nVersion);
	if (byVersion.length > 0) return byVersion;
	const known = new Set(present?.names);
	const lacking = present && restored ? restored.names.filter((name) => !known.has(name)) : [];
	const last = lacking.at(-1);
	if (last === undefined) return [];
	const asNew = backedUp === undefined ? 'as new as the one that was backed up' : `${backedUp} or newer`;
	const count = lacking.length === 1 ? 'a migration' : `${lacking.length} migrations`;
	return [
		`The backup has ${count} of n8n’s that the replaced database lacks, the last of them ${last}: the n8n that used it is older than the one that was backed up. Use n8n ${asNew}.`,
	];
}

/** The history in a database; undefined where it cannot be read. */
export async function historyIfAny(queries: TextQueries): Promise<WholeHistory | undefined> {
	return await readHistory(queries).catch(() => undefined);
}

/** The history in a database of the server that somebody else may use. */
export async function historyOf(
	connection: PostgresConnection,
	database: string,
	signal: AbortSignal,
): Promise<WholeHistory | undefined> {
	try {
		return await withClient(connection, { database }, signal, historyIfAny);
	} catch {
		signal.throwIfAborted();
		return undefined;
	}
}
