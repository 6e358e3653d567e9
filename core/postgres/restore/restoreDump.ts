import { basename } from 'node:path';
import { DateTime } from 'luxon';
import { type CompressionMethod, compressionOf, type DatabaseProperties } from '../../artifact';
import { assertChecksum } from '../../artifact/checksum';
import { BackupError, cancelledError } from '../../errors';
import { closeClient, openClient, serverError } from '../connect/client';
import { compareCensus, type CensusComparison, describeDifferences } from '../compareCensus';
import { describeServer } from '../connect/connection';
import { readDatabaseProperties } from '../databaseProperties';
import { adoptionStatements, adoptNew, chosenOwner, creationClauses } from './adoption';
import { creationsFor, readDumpHead } from './dumpHead';
import { loadDump, type Loaded, loadSettings } from './loadDump';
import { databaseExists, Maintenance, runMaintenance } from './maintenance';
import type { WholeHistory } from '../n8nHistory';
import { historyIfAny, historyOf, olderN8nWarnings } from './olderN8n';
import { serverTarget } from './serverTarget';
import type { RestoreReport, RestoreRequest } from './request';
import { dropLeftOvers, ScratchDatabase } from './scratchDatabase';
import { assertNotOlder } from '../serverDifferences';
import { renameDatabases } from './renameDatabases';

/**
 * Restores a dump without any program: into a scratch database first, which gets its name only when every
 * statement has run and every table has the rows that were counted when the dump was made. Until that moment
 * nothing that was there before is touched, and whatever fails leaves nothing behind.
 *
 * @throws BackupError that says what failed and what to do
 */
export async function restoreDump(request: RestoreRequest, signal: AbortSignal): Promise<RestoreReport> {
	const [startedAt, begun] = [new Date(), performance.now()];
	if (signal.aborted) throw cancelledError(signal.reason);
	const compression = compressionFor(request);
	const head = await readDumpHead(request.artifactPath, compression, request.keys);

	await using maintenance = await Maintenance.open(request.connection, request.target.database, signal);
	assertNotOlder(
		maintenance.major,
		head.serverVersion ?? request.manifest?.source.serverVersion,
		describeServer(request.connection),
	);
	const present = await inspectTarget(maintenance, request, signal);
	await dropLeftOvers(maintenance, 'restore', signal);

	const dumped = request.manifest?.source.properties;
	const creations = present ? ([creationClauses(present)] as const) : creationsFor(head, dumped);
	await using scratch = await ScratchDatabase.create(maintenance, 'restore', creations, signal);
	const loaded = await fill(request, { maintenance, compression, database: scratch.name }, signal);
	const older = await warnOfOlderN8n(request, loaded.n8n, signal);
	const outcome = await putInPlace(request, { maintenance, scratch, present, startedAt }, signal);
	return {
		...outcome,
		rawBytes: loaded.rawBytes,
		rows: loaded.rows,
		comparison: loaded.comparison,
		warnings: [...loaded.warnings, ...localeWarnings(scratch, creations), ...older, ...outcome.warnings],
		durationMs: Math.round(performance.now() - begun),
	};
}

function localeWarnings({ creation }: ScratchDatabase, [wanted]: readonly string[]): string[] {
	if (creation === wanted) return [];
	return [
		`The server could not create the database as it was (${wanted}); it was created as the server could.`,
	];
}

/** A name for a new database after the backup that it is restored from: `n8n_20261123_020000`. */
export function databaseNameFor(artifactPath: string): string {
	const name = basename(artifactPath).replace(/\.sql(?:\.\w+)*$/, '');
	// PostgreSQL cuts longer names off in silence.
	return Buffer.from(name)
		.subarray(0, 63)
		.toString()
		.replace(/\uFFFD+$/, '');
}

function compressionFor({ compression, manifest, artifactPath }: RestoreRequest): CompressionMethod {
	return compression ?? manifest?.compression ?? compressionOf(basename(artifactPath));
}

/**
 * What a replacement must keep of the present database; undefined for a new one.
 *
 * @throws BackupError `exists` for a new name that is taken, `not-found` when there is nothing to replace
 */
async function inspectTarget(
	maintenance: Maintenance,
	{ target, connection }: RestoreRequest,
	signal: AbortSignal,
): Promise<DatabaseProperties | undefined> {
	const present = await maintenance.use(
		async (client) => readDatabaseProperties(client, target.database),
		signal,
	);
	if (target.kind === 'replace' && !present) {
		const what = `${describeServer(connection)} has no database "${target.database}" to replace`;
		throw new BackupError('not-found', what, { advice: 'Correct the name, or restore into a new database' });
	}
	if (target.kind === 'new' && present) throw nameTaken(target.database);
	return target.kind === 'replace' ? present : undefined;
}

interface Filled extends Loaded {
	comparison?: CensusComparison;
	/** How far the n8n in it is migrated. */
	n8n?: WholeHistory;
}

/** Loads the dump into the scratch database and compares it with what was backed up. */
async function fill(
	request: RestoreRequest,
	scratch: { maintenance: Maintenance; compression: CompressionMethod; database: string },
	signal: AbortSignal,
): Promise<Filled> {
	const { artifactPath, keys, connection, manifest, onProgress, options = {} } = request;
	const { database, compression, maintenance } = scratch;
	const settings = { ...loadSettings, ...options.settings };
	const client = await openClient(connection, { database, settings }, signal);
	const serverMajor = maintenance.major;
	const target = serverTarget({ connection, database, client, serverMajor, settings }, signal);
	try {
		const loaded = await loadDump(
			{
				artifactPath,
				compression,
				keys,
				target,
				options,
				onBytes: (rawBytes) =>
					onProgress?.({
						step: `Restoring ${request.target.database}`,
						rawBytes,
						totalBytes: manifest?.rawBytes,
					}),
			},
			signal,
		);
		assertChecksum(artifactPath, loaded, manifest);
		const n8n = await historyIfAny(target.queries);
		if (manifest?.census.kind !== 'postgres') return { ...loaded, n8n };
		onProgress?.({ step: 'Comparing rows', rawBytes: loaded.rawBytes, totalBytes: manifest.rawBytes });
		const comparison = await compareCensus(target.queries, manifest.census, {
			only: options.tables,
			taken: loaded.rows,
			leftOut: loaded.leftOutTables,
		});
		assertSameRows(comparison);
		return { ...loaded, comparison, n8n };
	} catch (error) {
		throw signal.aborted ? cancelledError(error) : serverError(error, connection);
	} finally {
		await closeClient(client);
	}
}

async function warnOfOlderN8n(
	{ target, connection, manifest, n8nVersion }: RestoreRequest,
	restored: WholeHistory | undefined,
	signal: AbortSignal,
): Promise<string[]> {
	const isCompared = target.kind === 'replace' && restored !== undefined;
	const present = isCompared ? await historyOf(connection, target.database, signal) : undefined;
	return olderN8nWarnings({ manifest, restored, present, n8nVersion });
}

function assertSameRows(comparison: CensusComparison): void {
	const differences = describeDifferences(comparison);
	if (differences === undefined) return;
	throw new BackupError('damaged', `What was restored is not what was backed up: ${differences}`, {
		advice: 'Restore another backup; nothing that was there before was changed',
	});
}

interface Compared {
	maintenance: Maintenance;
	scratch: ScratchDatabase;
	present: DatabaseProperties | undefined;
	startedAt: Date;
}

/** Gives the compared database its name, in the place of the present one where that is what was asked for. */
async function putInPlace(
	request: RestoreRequest,
	{ maintenance, scratch, present, startedAt }: Compared,
	signal: AbortSignal,
): Promise<Pick<RestoreReport, 'database' | 'replacedDatabase' | 'safetyBackup' | 'warnings'>> {
	const { target, timeZone = 'utc', onProgress, options = {}, manifest } = request;
	const { database } = target;
	if (target.kind === 'new') {
		if (await databaseExists(maintenance, database, signal)) throw nameTaken(database);
		const doing = `Naming the restored database "${database}"`;
		await scratch.endLease();
		const dumped = manifest?.source.properties;
		const warnings = await adoptNew(maintenance, scratch.name, { dumped, options }, signal);
		await renameDatabases(maintenance, [{ from: scratch.name, to: database }], doing, signal);
		scratch.release();
		return { database, warnings };
	}
	onProgress?.({ step: `Saving the present ${database}`, rawBytes: 0 });
	const safetyBackup = await target.safetyBackup(signal);
	await scratch.endLease();
	if (present) {
		const owner = chosenOwner(options.owners) ?? present.owner;
		const statements = adoptionStatements(scratch.name, { ...present, owner });
		await runMaintenance(maintenance, statements, `Preparing the successor of "${database}"`, signal);
	}
	const retired = await freeName(maintenance, database, { startedAt, timeZone }, signal);
	const swap = [
		{ from: database, to: retired },
		{ from: scratch.name, to: database },
	];
	const doing = `Putting the restored database in the place of "${database}"`;
	await renameDatabases(maintenance, swap, doing, signal);
	scratch.release();
	return { database, replacedDatabase: retired, safetyBackup, warnings: [] };
}

/** A name for the database that is replaced: of the second in which the run began, or of the next one that is free. */
async function freeName(
	maintenance: Maintenance,
	database: string,
	{ startedAt, timeZone }: { startedAt: Date; timeZone: string },
	signal: AbortSignal,
): Promise<string> {
	for (let at = startedAt.getTime(); ; at += 1000) {
		const name = retiredName(database, new Date(at), timeZone);
		if (!(await databaseExists(maintenance, name, signal))) return name;
	}
}

/** `n8n_replaced_20261123_020000`, within the 63 bytes that names may have. */
function retiredName(database: string, at: Date, timeZone: string): string {
	const stamp = DateTime.fromJSDate(at, { zone: timeZone }).toFormat('yyyyMMdd_HHmmss');
	const suffix = `_replaced_${stamp}`;
	const room = 63 - suffix.length;
	return `${Buffer.from(database)
		.subarray(0, room)
		.toString()
		.replace(/\uFFFD+$/, '')}${suffix}`;
}

function nameTaken(database: string): BackupError {
	return new BackupError('exists', `There is a database "${database}" already`, {
		advice: 'Choose another name, or replace it deliberately; nothing was changed',
	});
}
