import { BackupError, cancelledError, errorCode } from '../../errors';
import { saysDiskFailed, whyCut } from './brokenTransfer';
import { RedisClient } from './client';
import type { RedisConnection } from '../connection';
import { RdbTransfer } from './rdbTransfer';
import { replyError } from '../redisError';
import { isUnknownCommand } from './replicaOf';
import { ReplyError } from './resp';

/**
 * How the server makes the RDB: on its disk and then sent, or straight into the connection. The first begins at
 * once; the second waits `repl-diskless-sync-delay` (5 seconds by default) for more replicas, but needs no disk.
 */
export type TransferWay = 'disk' | 'diskless';

/**
 * Asks a connected server for an RDB as a replica does, and resolves when it begins to come. The client is used
 * up by it. The signal ends the transfer at any time.
 *
 * Replication protocol: `replication.c` of Redis 7.0, `syncCommand` and `replconfCommand`.
 *
 * @throws {DiskFailure} where it cannot write the RDB
 * @throws {BackupError} what the server answers instead
 */
export async function requestRdb(
	client: RedisClient,
	way: TransferWay,
	idleTimeoutMs: number,
	signal: AbortSignal,
): Promise<RdbTransfer> {
	// Without it the server collects every write for the replica that it takes us for (redis #9272). Servers
	// before 7.0 do not know the option, and say so.
	const buffers = !(await announce(client, 'rdb-only', '1'));
	if (way === 'diskless') await announce(client, 'capa', 'eof');
	const { connection } = client;
	const transfer = new RdbTransfer(client.handOver('SYNC'), connection, {
		idleTimeoutMs,
		explainCut: async (lost) => {
			const cut = await whyCut(connection, buffers);
			return cut.why === 'limit' ? cut.error : lost;
		},
	});
	const onAbort = () => transfer.destroy(cancelledError(signal.reason));
	signal.addEventListener('abort', onAbort, { once: true });
	transfer.once('close', () => signal.removeEventListener('abort', onAbort));
	try {
		await transfer.ready;
	} catch (error) {
		throw signal.aborted ? error : await notBegun(error, connection, buffers);
	}
	return transfer;
}

/** Answers whether the server knows the option. It may also lack the whole command, and still have SYNC. */
async function announce(client: RedisClient, option: string, value: string): Promise<boolean> {
	const reply = await client.ask('REPLCONF', option, value);
	if (!(reply instanceof ReplyError)) return true;
	if (isUnknownCommand(reply) || /^ERR Unrecognized REPLCONF option/i.test(reply.message)) return false;
	throw replyError(reply, client.connection, 'REPLCONF');
}

/** Thrown where the server could not write the RDB, so that a way without its disk may still work. */
export class DiskFailure extends Error {
	override readonly name = 'DiskFailure';
}

/** Before the first byte, a server whose save fails says so or just ends the connection. */
async function notBegun(error: unknown, connection: RedisConnection, buffers: boolean): Promise<unknown> {
	if (!(error instanceof BackupError)) return error;
	const asDiskFailure = () => new DiskFailure(error.message, { cause: error });
	if (saysDiskFailed(error)) return asDiskFailure();
	if (error.code !== 'unreachable' || isTimeout(error)) return error;
	const cut = await whyCut(connection, buffers);
	if (cut.why === 'limit') return cut.error;
	return cut.why === 'disk' ? asDiskFailure() : error;
}

function isTimeout({ cause }: BackupError): boolean {
	return errorCode(cause) === 'ETIMEDOUT';
}

/** Opens a connection of its own and asks for the RDB diskless, after the server's disk failed it. */
export async function requestRdbDiskless(
	connection: RedisConnection,
	idleTimeoutMs: number,
	signal: AbortSignal,
): Promise<RdbTransfer> {
	const client = await RedisClient.connect(connection, signal, { commandTimeoutMs: idleTimeoutMs });
	try {
		return await requestRdb(client, 'diskless', idleTimeoutMs, signal);
	} catch (error) {
		client.close();
		throw error;
	}
}
