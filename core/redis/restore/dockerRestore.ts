import { stat } from 'node:fs/promises';
import { posix } from 'node:path';
import type { Readable } from 'node:stream';
import type { OnProgress } from '../../artifact/source';
import { manifestIfAny } from '../../artifact/verifyArtifact';
import {
	connectDocker,
	type Container,
	assertWritable,
	type DockerClient,
	type DockerConnection,
	findContainer,
	holdStill,
	putBackIntoService,
	recoverLeftovers,
	assertRunning,
	takeOutOfService,
} from '../../docker';
import type { DecryptionKeys } from '../../encryption';
import { BackupError, cancelledError, errorMessage } from '../../errors';
import { describeServer } from '../connection';
import { ContainerRedis, type ContainerRedisLogin } from '../protocol/containerRedis';
import { inspectRdb } from '../rdb/inspectRdb';
import type { RdbFacts } from '../rdb/rdbInspector';
import { countKeys } from '../serverFacts';
import type { RestoreResult } from './restoreRdb';
import { releaseLeftBehind } from './crashedRestore';
import { openRdb } from './openRdb';
import { learnFiles, putRdb, removePartial, type RdbFile, type ServerFiles } from './serverFiles';
import { assertRestorable } from './restorableServer';
import { assertLoaded, untilLoaded } from './untilLoaded';

export interface DockerRestoreRequest extends ContainerRedisLogin {
	/** Opens the RDB's own bytes, decompressed. Called several times. */
	openRdb: () => Readable | Promise<Readable>;
	/**
	 * Saves what the server holds now and answers the path of that RDB, which is put back when the restore fails.
	 * Undefined where whoever asks for the restore does without.
	 */
	takeSafetySnapshot: (() => Promise<string>) | undefined;
	/** For a safety snapshot that is encrypted. */
	keys?: DecryptionKeys;
	onProgress?: OnProgress;
}

/** What was stopped must be started again, and what was replaced put back, even when the run is cancelled. */
const uncancelled = new AbortController().signal;

/**
 * Engine `docker`: the container is stopped, the RDB is put into the server's data directory, and the container
 * is started. A server that starts from an append-only file gets the RDB as the base of that file.
 *
 * What is written to the server between the safety snapshot and the stop is lost. When anything fails after the
 * stop, cancelling included, the safety snapshot is put back. The container runs again whatever happens, also
 * after a crash of this process: the next run that uses the engine starts it.
 *
 * @param reference of the container, as `findContainer` understands it
 * @throws BackupError before anything was touched: `damaged` or `incomplete` for the RDB, `unsupported` for what
 * the server cannot load; afterwards with what the server holds then
 */
export async function dockerRestoreRdb(
	connection: DockerConnection,
	reference: string,
	request: DockerRestoreRequest,
	signal: AbortSignal,
): Promise<RestoreResult> {
	const rdb = await inspectRdb(await request.openRdb(), signal);
	const client = await connectDocker(connection);
	const leftovers = await recoverLeftovers(client, signal);
	const container = await findContainer(client, reference, signal);
	assertRunning(container);
	assertLasting(container);
	const redis = new ContainerRedis(client, container, request, signal);
	const released = await releaseLeftBehind(redis);
	if (released) leftovers.push(released);
	const target = await assertRestorable(redis, rdb);
	const files = await learnFiles(redis);
	await assertWritable(client, container, posix.dirname(files.rdbPath), signal);
	const safetySnapshot = await request.takeSafetySnapshot?.();
	const restore: DockerRestore = { client, container, request, files, safetySnapshot };

	if (signal.aborted) throw cancelledError(signal.reason);
	const held = await holdStill(client, { containers: [container.id], how: 'stop' }, uncancelled);
	try {
		const keys = await restoreStopped(restore, rdb, signal);
		const left = await removePartial(client, container, files, signal);
		const warnings = [...leftovers, ...rdb.warnings, ...target.warnings, ...left];
		return { keys, keysBefore: target.keys, safetySnapshot, rdb, warnings };
	} finally {
		await held.release();
	}
}

/** Everything that a restore, and undoing it, need to know. */
interface DockerRestore {
	client: DockerClient;
	container: Container;
	request: DockerRestoreRequest;
	files: ServerFiles;
	/** Path of the artifact. */
	safetySnapshot: string | undefined;
}

/** Puts the RDB into the stopped container and starts it; answers the number of keys that the server then has. */
async function restoreStopped(restore: DockerRestore, rdb: RdbFacts, signal: AbortSignal): Promise<number> {
	try {
		const info = await startOn(restore, { open: restore.request.openRdb, bytes: rdb.bytes }, signal);
		return assertLoaded(info, rdb, describeServer({ host: restore.container.name, port: portOf(restore) }));
	} catch (error) {
		throw await putBack(restore, signal.aborted ? cancelledError(error) : error);
	}
}

/** Starts the stopped server on an RDB; answers what it says of itself once it has loaded that. */
async function startOn(
	{ client, container, request, files }: DockerRestore,
	rdb: RdbFile,
	signal: AbortSignal,
): Promise<Map<string, string>> {
	if (signal.aborted) throw cancelledError(signal.reason);
	await putRdb(client, container, files, rdb, signal);
	await putBackIntoService(client, { paused: [], stopped: [container.id] });
	const redis = new ContainerRedis(client, container, request, signal);
	return await untilLoaded({ client, container, redis, onProgress: request.onProgress }, signal);
}

/** Starts the server on the safety snapshot; answers the error of the restore, with what became of that. */
async function putBack(restore: DockerRestore, error: unknown): Promise<BackupError> {
	const { client, container, request, files, safetySnapshot } = restore;
	const known = error instanceof BackupError ? error : undefined;
	const failed = (left: string, advice: string) =>
		new BackupError(known?.code ?? 'internal', `${known?.what ?? `${errorMessage(error)}.`} ${left}`, {
			advice,
			cause: error,
		});
	if (safetySnapshot === undefined) {
		return failed(
			`${container.name} is started again on what lies in its data directory; no safety snapshot was taken`,
			known?.advice ?? 'Restore another backup',
		);
	}
	try {
		await takeOutOfService(client, container, 'stop');
		const manifest = await manifestIfAny(safetySnapshot);
		const bytes = manifest?.rawBytes ?? (await stat(safetySnapshot)).size;
		const open = () => openRdb({ path: safetySnapshot, keys: request.keys });
		const info = await startOn(restore, { open, bytes }, uncancelled);
		await removePartial(client, container, files, uncancelled);
		const left = `What ${container.name} held before was put back from the safety snapshot ${safetySnapshot}; it holds ${countKeys(info)} keys`;
		return failed(left, known?.advice ?? 'Restore another backup');
	} catch (second) {
		return failed(
			`Putting back what ${container.name} held before failed as well: ${errorMessage(second)}`,
			`What it held is in the safety snapshot ${safetySnapshot}: restore that one as soon as the server runs`,
		);
	}
}

function portOf({ request }: DockerRestore): number {
	return request.port ?? 6379;
}

/** Containers of `docker compose run` are removed by the engine when they stop. */
function assertLasting({ name, isOneOff }: Container): void {
	if (!isOneOff) return;
	throw new BackupError('unsupported', `${name} is a container for one command, which is gone once stopped`, {
		advice: 'Restore by the built-in engine, or into the service’s own container',
	});
}
