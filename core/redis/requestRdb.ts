import { BackupError, cancelledError } from '../errors';
import { RedisClient } from './client';
import type { RedisConnection } from './connection';
import { RdbTransfer } from './rdbTransfer';
import { replyError } from './redisError';
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
	await announce(client, 'rdb-only', '1');
	if (way === 'diskless') await announce(client, 'capa', 'eof');
	const transfer = new RdbTransfer(client.handOver('SYNC'), client.connection, { idleTimeoutMs });
	const onAbort = () => transfer.destroy(cancelledError(signal.reason));
	signal.addEventListener('abort', onAbort, { once: true });
	transfer.once('close', () => signal.removeEventListener('abort', onAbort));
	await transfer.ready;
	return transfer;
}

async function announce(client: RedisClient, option: string, value: string): Promise<void> {
	const reply = await client.ask('REPLCONF', option, value);
	const refused = reply instanceof ReplyError && !/unrecognized|unknown option/i.test(reply.message);
	if (refused) throw replyError(reply, client.connection, 'REPLCONF');
}

/** Opens a connection of its own and asks for the RDB diskless, after the server's disk failed it. */
export async function requestRdbDiskless(
	connection: RedisConnection,
	idleTimeoutMs: number,
	signal: AbortSignal,
): Promise<RdbTransfer> {
	const client = await RedisClient.connect(connection, signal);
	try {
		return await requestRdb(client, 'diskless', idleTimeoutMs, signal);
	} catch (error) {
		client.close();
		throw error;
	}
}

/** The server could not write the RDB to its disk: it says so, or ends the connection when its child fails. */
export function isDiskFailure(error: unknown): boolean {
	if (!(error instanceof BackupError)) return false;
	return error.code === 'unreachable' || /BGSAVE failed|MISCONF/i.test(error.what);
}
