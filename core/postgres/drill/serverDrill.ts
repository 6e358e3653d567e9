import { basename } from 'node:path';
import type pg from 'pg';
import type { CheckResult } from '../../artifact/checks';
import { BackupError, cancelledError, errorMessage } from '../../errors';
import { findEncryptionKeys } from '../../n8n/encryptionKeys';
import { closeClient, openClient, serverError } from '../connect/client';
import { describeServer, type PostgresConnection } from '../connect/connection';
import { creationsFor, readDumpHead } from '../restore/dumpHead';
import { type Loaded, loadDump, type LoadTarget, overLimit } from '../restore/loadDump';
import { Maintenance } from '../restore/maintenance';
import { dropLeftOvers, ScratchDatabase } from '../restore/scratchDatabase';
import { assertNotOlder } from '../serverDifferences';
import { serverTarget } from '../restore/serverTarget';
import { checkRestored } from './drillChecks';
import { type DrillPlace, judge, type Subject } from './drillPlace';
import { drillOptions, drillSettings } from './drillSettings';
import { blamesBackup } from './obstacle';

/** Bytes of SQL that a server is burdened with unless somebody says otherwise. */
const defaultMaxRawBytes = 20 * 1024 ** 3;

/** A drill in a scratch database of a server; it is dropped whatever happens. */
export function onServer(connection: PostgresConnection): DrillPlace {
	return {
		where: 'on-server',
		drill: async (given, signal) => {
			const subject = { ...given, maxRawBytes: given.maxRawBytes ?? defaultMaxRawBytes, connection };
			if ((subject.manifest?.rawBytes ?? 0) > subject.maxRawBytes) throw overLimit(subject.maxRawBytes);
			const droppedLeftOvers: string[] = [];
			const finding = await judge(async () => {
				await using maintenance = await openMaintenance(subject, signal);
				droppedLeftOvers.push(...(await dropLeftOvers(maintenance, 'drill', signal)));
				return await drillInScratch(subject, maintenance, signal);
			}, blamesBackup);
			return { ...finding, droppedLeftOvers };
		},
	};
}

interface ServerSubject extends Subject {
	connection: PostgresConnection;
}

/**
 * Looks whether the server can take a drill of the backup at all.
 *
 * @throws BackupError that says nothing of the backup
 */
async function openMaintenance(
	{ connection, manifest }: ServerSubject,
	signal: AbortSignal,
): Promise<Maintenance> {
	const maintenance = await Maintenance.open(connection, undefined, signal).catch((error: unknown) => {
		throw ofServer(error);
	});
	try {
		assertCanTake(maintenance, manifest?.source.serverVersion, connection);
		return maintenance;
	} catch (error) {
		await maintenance[Symbol.asyncDispose]();
		throw error;
	}
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

async function drillInScratch(
	subject: ServerSubject,
	maintenance: Maintenance,
	signal: AbortSignal,
): Promise<CheckResult[]> {
	const { artifactPath, compression, keys, manifest, connection } = subject;
	const head = await readDumpHead(artifactPath, compression, keys);
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
		const target = targetIn(scratch, { client, connection, maintenance, settings }, signal);
		const loaded = await load(subject, target, signal);
		const n8nKeys = () => findEncryptionKeys(subject, signal);
		const checks = await checkRestored(target.queries, loaded, manifest, n8nKeys);
		await closeClient(client);
		checks.push(await checkDropped(scratch));
		return checks;
	} catch (error) {
		throw signal.aborted ? cancelledError(error) : serverError(error, connection);
	} finally {
		await closeClient(client);
	}
}

interface ScratchSession {
	client: pg.Client;
	connection: PostgresConnection;
	maintenance: Maintenance;
	settings: Record<string, string>;
}

function targetIn(
	{ name }: ScratchDatabase,
	{ client, connection, maintenance, settings }: ScratchSession,
	signal: AbortSignal,
): LoadTarget {
	const database = { client, connection, database: name, serverMajor: maintenance.major, settings };
	return serverTarget(database, signal);
}

async function load(
	{ artifactPath, compression, keys, manifest, maxRawBytes, onProgress, withoutExtensions }: Subject,
	target: LoadTarget,
	signal: AbortSignal,
): Promise<Loaded> {
	const step = `Restoring ${basename(artifactPath)} into a scratch database`;
	return loadDump(
		{
			artifactPath,
			compression,
			keys,
			target,
			options: { ...drillOptions, maxRawBytes, withoutExtensions },
			onBytes: (rawBytes) => onProgress?.({ step, rawBytes, totalBytes: manifest?.rawBytes }),
		},
		signal,
	);
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
