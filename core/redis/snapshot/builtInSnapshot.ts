import { addAbortSignal } from 'node:stream';
import { finished as streamEnd } from 'node:stream/promises';
import type { OpenSource, SourceFacts } from '../../artifact/source';
import { gatherBlocks } from '../../blocks';
import { BackupError } from '../../errors';
import { RedisClient } from '../protocol/client';
import { describeServer, type RedisConnection } from '../connection';
import { InspectedRdb } from '../rdb/inspectedRdb';
import type { RdbTransfer } from '../protocol/rdbTransfer';
import { DiskFailure, requestRdb, requestRdbDiskless } from '../protocol/requestRdb';
import { releaseLeftBehind } from '../restore/crashedRestore';
import { readServerFacts, type ServerFacts } from '../serverFacts';
import { snapshotFacts } from './snapshotFacts';

export interface BuiltInSnapshotOptions {
	/** Milliseconds without a byte from the server until it is given up; 60 seconds when undefined. */
	idleTimeoutMs?: number;
}

/**
 * Engine `built-in`: everything that a server holds, as an RDB over its ordinary port, by the replication
 * protocol. No program, no access to the server's files. Redis 2.8 and later, Valkey, KeyDB.
 *
 * The source fails with `damaged` or `incomplete` where the RDB that came is not whole; with `not-permitted`
 * where the ACL user lacks `+sync +psync +replconf`; with `unsupported` where the service has no `SYNC`.
 */
export function builtInSnapshot(
	connection: RedisConnection,
	{ idleTimeoutMs = 60_000 }: BuiltInSnapshotOptions = {},
): OpenSource {
	return async (signal) => {
		const client = await RedisClient.connect(connection, signal, { commandTimeoutMs: idleTimeoutMs });
		try {
			const server = await readServerFacts(client);
			assertNoSentinel(server, connection);
			const released = await releaseLeftBehind(client);
			const { transfer, warnings } = await openTransfer(client, server, idleTimeoutMs, signal);
			// Whichever fails, the other end is closed; the failure itself comes out of `rdb`.
			const rdb = new InspectedRdb(gatherBlocks(transfer, { ownsChunks: true }));
			addAbortSignal(signal, rdb);
			const finished = streamEnd(rdb, { cleanup: true }).then((): SourceFacts =>
				snapshotFacts({
					connection,
					server,
					engine: 'built-in',
					rdb: rdb.facts,
					warnings: released ? [released, ...warnings] : warnings,
				}),
			);
			finished.catch(() => {});
			return { stream: rdb, finished };
		} catch (error) {
			client.close();
			throw error;
		}
	};
}

interface OpenedTransfer {
	transfer: RdbTransfer;
	warnings: string[];
}

/**
 * By way of the server's disk, which begins at once; diskless where its disk is known to fail, or does now.
 * A save that fails makes a server with save points refuse writes, so it is not tried where it failed before.
 */
async function openTransfer(
	client: RedisClient,
	server: ServerFacts,
	idleTimeoutMs: number,
	signal: AbortSignal,
): Promise<OpenedTransfer> {
	const warnings = ['The server cannot write RDB files to its own disk; the snapshot was sent without it'];
	if (server.info.get('rdb_last_bgsave_status') === 'err') {
		const diskless = requestRdb(client, 'diskless', idleTimeoutMs, signal);
		return { transfer: await withoutDisk(diskless, client, signal), warnings };
	}
	try {
		return { transfer: await requestRdb(client, 'disk', idleTimeoutMs, signal), warnings: [] };
	} catch (error) {
		if (signal.aborted || !(error instanceof DiskFailure)) throw error;
		return {
			transfer: await withoutDisk(
				requestRdbDiskless(client.connection, idleTimeoutMs, signal),
				client,
				signal,
			),
			warnings,
		};
	}
}

/** A server that may not do without its disk fails in both ways. */
async function withoutDisk(
	diskless: Promise<RdbTransfer>,
	{ connection }: RedisClient,
	signal: AbortSignal,
): Promise<RdbTransfer> {
	try {
		return await diskless;
	} catch (error) {
		if (signal.aborted || !(error instanceof DiskFailure)) throw error;
		throw diskFailure(error, connection);
	}
}

function diskFailure(error: unknown, connection: RedisConnection): BackupError {
	const server = describeServer(connection);
	return new BackupError('server', `${server} could not make an RDB for the snapshot`, {
		advice:
			'Look into its log; if its disk is full or read-only, set repl-diskless-sync yes there, or free space',
		cause: error,
	});
}

function assertNoSentinel({ info }: ServerFacts, connection: RedisConnection): void {
	if (info.get('redis_mode') !== 'sentinel') return;
	throw new BackupError('unsupported', `${describeServer(connection)} is a Sentinel, which holds no data`, {
		advice: 'Use the Redis server that it watches in the credential',
	});
}
