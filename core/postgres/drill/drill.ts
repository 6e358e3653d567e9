import { basename } from 'node:path';
import { compressionOf, type OnProgress } from '../../artifact';
import type { CheckResult } from '../../artifact/checks';
import { manifestIfAny, toCheckRecord, recordChecks } from '../../artifact/verifyArtifact';
import type { DecryptionKeys } from '../../encryption';
import { type BackupError, cancelledError, errorMessage } from '../../errors';
import type { PostgresConnection } from '../connect/connection';
import { insideN8n } from '../embedded/embeddedDrill';
import type { DrillPlace } from './drillPlace';
import { onServer } from './serverDrill';

export interface DrillRequest {
	/** The backup directory, where n8n's encryption key is looked for. */
	root: string;
	/** IANA name of the zone that artifacts without a manifest are named in. */
	timeZone: string;
	artifactPath: string;
	/** For a dump, and backups with n8n's key, that are encrypted. */
	keys?: DecryptionKeys;
	/**
	 * The server to drill on; the user must be allowed to create databases. Undefined: inside n8n, in an embedded
	 * PostgreSQL that needs no server.
	 */
	connection?: PostgresConnection;
	/** Bytes of SQL above which the drill does not begin; 2 GiB inside n8n, 20 GiB on a server when undefined. */
	maxRawBytes?: number;
	/** Extensions that the dump has and the PostgreSQL of the drill cannot have. */
	withoutExtensions?: string[];
	onProgress?: OnProgress;
}

export interface DrillReport {
	artifactPath: string;
	/** Where it was restored. */
	where: DrillPlace['where'];
	/** `unknown`: something kept the drill from finding anything out about the backup, and nothing was written down. */
	result: 'passed' | 'failed' | 'unknown';
	checks: CheckResult[];
	/** What could not be done beside. */
	warnings: string[];
	/** Only with `unknown`: what it was, and what to do about it. */
	obstacle?: BackupError;
	/** Scratch databases of crashed drills that were dropped before this one. */
	droppedLeftOvers: string[];
	/** Milliseconds. */
	durationMs: number;
}

/**
 * Drills a dump, restores it for real: into a database that is gone afterwards whatever happens. Every table's rows are
 * compared with the census, and when it is an n8n database its credentials are decrypted with the key that was
 * backed up beside it. What was found is written into the manifest.
 *
 * Whatever is in the way of that and says nothing of the backup (no server, no room, no such extension) makes the
 * result `unknown`.
 *
 * @throws BackupError when there was nothing to drill: too large for the server, cancelled
 */
export async function drill(request: DrillRequest, signal: AbortSignal): Promise<DrillReport> {
	const startedAt = performance.now();
	if (signal.aborted) throw cancelledError(signal.reason);
	const { artifactPath, keys, connection, ...others } = request;
	const { root, timeZone, maxRawBytes, withoutExtensions, onProgress } = others;
	const manifest = await manifestIfAny(artifactPath);
	const compression = manifest?.compression ?? compressionOf(basename(artifactPath));
	const options = { keys, root, timeZone, maxRawBytes, withoutExtensions, onProgress };

	const place = connection ? onServer(connection) : insideN8n;
	const found = await place.drill({ artifactPath, compression, manifest, ...options }, signal);
	const { droppedLeftOvers = [], obstacle } = found;
	const ended = {
		artifactPath,
		where: place.where,
		droppedLeftOvers,
		durationMs: Math.round(performance.now() - startedAt),
	};
	if (obstacle) {
		const checks = [{ check: 'restore', result: 'unknown', detail: obstacle.what } as const];
		return { ...ended, result: 'unknown', checks, warnings: [], obstacle };
	}
	const { checks } = found;
	const result = checks.some(({ result: said }) => said === 'failed') ? 'failed' : 'passed';
	return { ...ended, result, checks, warnings: await record(artifactPath, { result, checks }) };
}

/** Writes the result into the manifest. One that cannot be written does not undo what was found. */
async function record(path: string, report: Parameters<typeof toCheckRecord>[0]): Promise<string[]> {
	try {
		await recordChecks(path, 'drill', toCheckRecord(report));
		return [];
	} catch (error) {
		return [`The result could not be written into the manifest: ${errorMessage(error)}`];
	}
}
