import { basename } from 'node:path';
import type pg from 'pg';
import {
	type CatalogState,
	type CompressionMethod,
	compressionOf,
	isRoles,
	type Manifest,
	newestFirst,
	newestOfEach,
	type OnProgress,
	readCatalog,
} from '../../artifact';
import type { CheckResult } from '../../artifact/checks';
import { manifestIfAny, proofRecord, recordProof } from '../../artifact/verifyArtifact';
import { BackupError, cancelledError, errorMessage } from '../../errors';
import { findEncryptionKeys } from '../../n8n/encryptionKeys';
import { closeClient, openClient, serverError } from '../client';
import { compareCensus, describeDifferences } from '../compareCensus';
import { describeServer, type PostgresConnection } from '../connection';
import { creationFor, readDumpHead } from '../restore/dumpHead';
import { type Loaded, loadDump, overLimit } from '../restore/loadDump';
import { findMaintenance, type Maintenance } from '../restore/maintenance';
import { dropLeftOvers, ScratchDatabase } from '../restore/scratchDatabase';
import { assertNotOlder } from '../restore/serverDifferences';
import { checkCredential } from './credentialCheck';
import { drillOptions, drillSettings } from './drillSettings';

export interface DrillRequest {
	/** The backup directory: where the artifact is taken from, and n8n's encryption key. */
	root: string;
	/** IANA name of the zone that artifacts without a manifest are named in. */
	timeZone: string;
	/** Undefined: the newest good one. */
	artifactPath?: string;
	/** Chooses the newest among the artifacts that begin with it: the database's name, mostly. */
	prefix?: string;
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
	result: 'passed' | 'failed';
	checks: CheckResult[];
	/** Scratch databases of crashed drills that were dropped before this one. */
	droppedLeftOvers: string[];
	/** Milliseconds. */
	durationMs: number;
}

const defaultMaxRawBytes = 20 * 1024 ** 3;

/**
 * Proves a dump by restoring it: into a scratch database that is dropped whatever happens. Every table's rows are
 * compared with the census, and when it is an n8n database its credentials are decrypted with the key that was
 * backed up beside it. What was found is written into the manifest.
 *
 * @throws BackupError when nothing could be found out about the backup: no artifact, no server, too large, cancelled
 */
export async function drill(request: DrillRequest, signal: AbortSignal): Promise<DrillReport> {
	const startedAt = Date.now();
	if (signal.aborted) throw cancelledError(signal.reason);
	const artifactPath = request.artifactPath ?? (await newestArtifact(request));
	const manifest = await manifestIfAny(artifactPath);
	const maxRawBytes = request.maxRawBytes ?? defaultMaxRawBytes;
	if ((manifest?.rawBytes ?? 0) > maxRawBytes) throw overLimit(maxRawBytes);

	const compression = manifest?.compression ?? compressionOf(basename(artifactPath));
	const maintenance = await findMaintenance(request.connection, undefined, signal);
	const droppedLeftOvers = await dropLeftOvers(maintenance, 'drill', signal);
	const subject: Subject = { artifactPath, compression, manifest, maintenance, maxRawBytes };
	const checks = await judge(() => drillInScratch(request, subject, signal));

	const result = checks.some(({ result: said }) => said === 'failed') ? 'failed' : 'passed';
	await recordProof(artifactPath, 'drill', proofRecord({ result, checks }));
	return { artifactPath, result, checks, droppedLeftOvers, durationMs: Date.now() - startedAt };
}

interface Subject {
	artifactPath: string;
	compression: CompressionMethod;
	manifest: Manifest | undefined;
	maintenance: Maintenance;
	maxRawBytes: number;
}

async function newestArtifact({ root, timeZone, prefix }: DrillRequest): Promise<string> {
	const entries = await readCatalog({ root, timeZone, components: ['postgres'], series: { prefix } });
	const databases = entries.filter((entry) => !isRoles(entry));
	const newestOf = (wanted: CatalogState) =>
		newestOfEach(databases.filter(({ state }) => state === wanted)).sort(newestFirst)[0];
	const newest = newestOf('good') ?? newestOf('unproven');
	if (newest) return newest.path;
	const which =
		prefix === undefined ? 'a PostgreSQL backup' : `a PostgreSQL backup that begins with "${prefix}"`;
	throw new BackupError('not-found', `There is no ${which.slice(2)} in ${root} that could be restored`, {
		advice: 'Run a backup first, or correct the backup directory',
	});
}

/** Errors that say something of the backup become a failed check; others mean that nothing was found out. */
async function judge(drilled: () => Promise<CheckResult[]>): Promise<CheckResult[]> {
	try {
		return await drilled();
	} catch (error) {
		const isVerdict =
			error instanceof BackupError && ['server', 'damaged', 'incomplete', 'unsupported'].includes(error.code);
		if (!isVerdict) throw error;
		return [{ check: 'restore', result: 'failed', detail: error.what }];
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
	assertNotOlder(maintenance.major, dumped, describeServer(connection));

	await using scratch = await ScratchDatabase.create(maintenance, 'drill', creationFor(head), signal);
	const settings = drillSettings(maintenance.major);
	const client = await openClient(
		connection,
		{ database: scratch.name, settings, applicationName: 'n8n-nodes-backup drill' },
		signal,
	);
	try {
		const loaded = await load(request, subject, { client, database: scratch.name }, signal);
		const checks = [checkRestore(loaded), checkHash(loaded, manifest)];
		checks.push(await checkRows(client, manifest, loaded));
		const credential = await checkCredential(client, findEncryptionKeys(request, signal));
		if (credential) checks.push(credential);
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

function checkHash({ sha256 }: Loaded, manifest: Manifest | undefined): CheckResult {
	const check = 'sha256';
	if (!manifest)
		return { check, result: 'unknown', detail: 'Without a manifest there is nothing to compare with.' };
	if (manifest.sha256 === sha256) {
		return { check, result: 'passed', detail: 'Every stored byte is as it was written.' };
	}
	return { check, result: 'failed', detail: `It is ${sha256} where the manifest says ${manifest.sha256}.` };
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
		const detail = `${scratch.name} could not be dropped and will be at the next drill: ${errorMessage(error)}`;
		return { check, result: 'failed', detail };
	}
}
