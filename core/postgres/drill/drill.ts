import { basename } from 'node:path';
import type pg from 'pg';
import { type CompressionMethod, compressionOf, type Manifest, type OnProgress } from '../../artifact';
import type { CheckResult } from '../../artifact/checks';
import { checkChecksum } from '../../artifact/checksum';
import { manifestIfAny, toCheckRecord, recordChecks } from '../../artifact/verifyArtifact';
import { BackupError, cancelledError, errorMessage } from '../../errors';
import { findEncryptionKeys } from '../../n8n/encryptionKeys';
import { closeClient, openClient, serverError } from '../connect/client';
import { compareCensus, describeDifferences } from '../compareCensus';
import { describeServer, type PostgresConnection } from '../connect/connection';
import { creationsFor, readDumpHead } from '../restore/dumpHead';
import { type Loaded, loadDump, overLimit } from '../restore/loadDump';
import { Maintenance } from '../restore/maintenance';
import { dropLeftOvers, ScratchDatabase } from '../restore/scratchDatabase';
import { assertNotOlder } from '../serverDifferences';
import { checkCredentials } from './credentialCheck';
import { drillOptions, drillSettings } from './drillSettings';
import { blamesBackup } from './obstacle';

export interface DrillRequest {
	/** The backup directory, where n8n's encryption key is looked for. */
	root: string;
	/** IANA name of the zone that artifacts without a manifest are named in. */
	timeZone: string;
	artifactPath: string;
	/** The server to drill on; the user must be allowed to create databases. */
	connection: PostgresConnection;
	/** Bytes of SQL that the server can be burdened with; 20 GiB when undefined. */
	maxRawBytes?: number;
	/** Extensions that the dump has and the server of the drill cannot have. */
	withoutExtensions?: string[];
	onProgress?: OnProgress;
}

export interface DrillReport {
	artifactPath: string;
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

const defaultMaxRawBytes = 20 * 1024 ** 3;

/**
 * Drills a dump, restores it for real: into a scratch database that is dropped whatever happens. Every table's rows are
 * compared with the census, and when it is an n8n database its credentials are decrypted with the key that was
 * backed up beside it. What was found is written into the manifest.
 *
 * A server that is in the way (none there, full, read-only, without an extension) says nothing of the backup: the result
 * is `unknown` then.
 *
 * @throws BackupError when there was nothing to drill: no artifact, too large, cancelled
 */
export async function drill(request: DrillRequest, signal: AbortSignal): Promise<DrillReport> {
	const startedAt = Date.now();
	if (signal.aborted) throw cancelledError(signal.reason);
	const { artifactPath } = request;
	const manifest = await manifestIfAny(artifactPath);
	const maxRawBytes = request.maxRawBytes ?? defaultMaxRawBytes;
	if ((manifest?.rawBytes ?? 0) > maxRawBytes) throw overLimit(maxRawBytes);

	const compression = manifest?.compression ?? compressionOf(basename(artifactPath));
	let droppedLeftOvers: string[] = [];
	const { checks, obstacle } = await judge(async () => {
		await using maintenance = await openMaintenance(request, signal);
		assertCanTake(maintenance, manifest?.source.serverVersion, request.connection);
		droppedLeftOvers = await dropLeftOvers(maintenance, 'drill', signal);
		return await drillInScratch(
			request,
			{ artifactPath, compression, manifest, maintenance, maxRawBytes },
			signal,
		);
	});
	const ended = { artifactPath, droppedLeftOvers, durationMs: Date.now() - startedAt };
	if (obstacle) {
		const checks = [{ check: 'restore', result: 'unknown', detail: obstacle.what } as const];
		return { ...ended, result: 'unknown', checks, warnings: [], obstacle };
	}
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

/**
 * Looks whether the server can take a drill at all.
 *
 * @throws BackupError that says nothing of the backup
 */
async function openMaintenance({ connection }: DrillRequest, signal: AbortSignal): Promise<Maintenance> {
	return await Maintenance.open(connection, undefined, signal).catch((error: unknown) => {
		throw ofServer(error);
	});
}

function assertCanTake(
	{ major }: Maintenance,
	dumped: string | undefined,
	connection: PostgresConnection,
): void {
	try {
		assertNotOlder(major, dumped, describeServer(connection));
	} catch (error) {
		throw ofServer(error);
	}
}

/** The server is too old, lies behind a pooler, or has no scratch database to give: whatever that error calls itself, it is not the backup's. */
function ofServer(error: unknown): unknown {
	if (!(error instanceof BackupError) || error.code === 'cancelled' || !blamesBackup(error)) return error;
	return new BackupError('not-permitted', error.what, { advice: error.advice, cause: error });
}

interface Subject {
	artifactPath: string;
	compression: CompressionMethod;
	manifest: Manifest | undefined;
	maintenance: Maintenance;
	maxRawBytes: number;
}

/** What a drill found out, or what kept it from finding anything out. */
type Finding =
	{ checks: CheckResult[]; obstacle?: undefined } | { checks?: undefined; obstacle: BackupError };

/** An error that says something of the backup becomes a failed check; another one is an obstacle. */
async function judge(drilled: () => Promise<CheckResult[]>): Promise<Finding> {
	try {
		return { checks: await drilled() };
	} catch (error) {
		if (!(error instanceof BackupError) || error.code === 'cancelled' || error.code === 'bad-parameter')
			throw error;
		if (!blamesBackup(error)) return { obstacle: error };
		return { checks: [{ check: 'restore', result: 'failed', detail: error.what }] };
	}
}

async function drillInScratch(
	request: DrillRequest,
	subject: Subject,
	signal: AbortSignal,
): Promise<CheckResult[]> {
	const { connection } = request;
	const { artifactPath, compression, manifest, maintenance } = subject;
	const head = await readDumpHead(artifactPath, compression);
	const dumped = head.serverVersion ?? manifest?.source.serverVersion;
	assertCanTake(maintenance, dumped, connection);

	await using scratch = await ScratchDatabase.create(
		maintenance,
		'drill',
		creationsFor(head, manifest?.source.properties),
		signal,
	).catch((error: unknown) => {
		throw ofServer(error);
	});
	const settings = drillSettings(maintenance.major);
	const client = await openClient(
		connection,
		{ database: scratch.name, settings, applicationName: 'n8n-nodes-backup drill' },
		signal,
	).catch((error: unknown) => {
		throw ofServer(error);
	});
	try {
		const loaded = await load(request, subject, { client, database: scratch.name }, signal);
		const checks = [checkRestore(loaded), checkChecksum(loaded, manifest)];
		checks.push(await checkRows(client, manifest, loaded));
		checks.push(...(await checkCredentials(client, () => findEncryptionKeys(request, signal))));
		await closeClient(client);
		checks.push(await checkDropped(scratch));
		return checks;
	} catch (error) {
		throw signal.aborted ? cancelledError(error) : serverError(error, connection);
	} finally {
		await closeClient(client);
	}
}

async function load(
	{ connection, onProgress, withoutExtensions }: DrillRequest,
	{ artifactPath, compression, manifest, maintenance, maxRawBytes }: Subject,
	{ client, database }: { client: pg.Client; database: string },
	signal: AbortSignal,
): Promise<Loaded> {
	const step = `Restoring ${basename(artifactPath)} into a scratch database`;
	return loadDump(
		{
			artifactPath,
			compression,
			connection,
			database,
			client,
			serverMajor: maintenance.major,
			options: { ...drillOptions, maxRawBytes, withoutExtensions },
			onBytes: (rawBytes) => onProgress?.({ step, rawBytes, totalBytes: manifest?.rawBytes }),
		},
		signal,
	);
}

function checkRestore({ rawBytes, rows, warnings }: Loaded): CheckResult {
	const tables = Object.keys(rows).length;
	const detail = [`${rawBytes} bytes of SQL with rows of ${tables} tables were restored.`, ...warnings].join(
		' ',
	);
	return { check: 'restore', result: 'passed', detail };
}

async function checkRows(
	client: pg.Client,
	manifest: Manifest | undefined,
	loaded: Loaded,
): Promise<CheckResult> {
	const check = 'rows';
	if (manifest?.census.kind !== 'postgres') {
		return { check, result: 'unknown', detail: 'Without a manifest there is nothing to compare with.' };
	}
	const comparison = await compareCensus(client, manifest.census, {
		taken: loaded.rows,
		leftOut: loaded.leftOutTables,
	});
	const differences = describeDifferences(comparison);
	if (differences !== undefined) return { check, result: 'failed', detail: `${differences}.` };
	const detail = `All ${comparison.tables} tables have the ${comparison.rows} rows that were backed up.`;
	return { check, result: 'passed', detail };
}

async function checkDropped(scratch: ScratchDatabase): Promise<CheckResult> {
	const check = 'scratch';
	try {
		await scratch.drop();
		return { check, result: 'passed', detail: 'The scratch database is gone again.' };
	} catch (error) {
		const detail = `${scratch.name} could not be dropped and will be by a later drill: ${errorMessage(error)}`;
		return { check, result: 'unknown', detail };
	}
}
