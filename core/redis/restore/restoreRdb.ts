import type { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import type { OnProgress } from '../../artifact/source';
import { BackupError, cancelledError, errorMessage } from '../../errors';
import { type RedisClient, withRedis } from '../protocol/client';
import { describeServer, type RedisConnection } from '../connection';
import { inspectRdb } from '../rdb/inspectRdb';
import type { RdbFacts } from '../rdb/rdbInspector';
import { replicaOf } from '../protocol/replicaOf';
import { ReplyError } from '../protocol/resp';
import { appendOnlyRewritten } from './appendOnly';
import { failedRestore } from './failedRestore';
import { followLoading, type Following } from './followLoading';
import { plainAddress, RdbMaster } from './rdbMaster';
import { rdbSaved } from './rdbSaved';
import { releaseLeftBehind } from './crashedRestore';
import { holdsAll } from './holdsAll';
import { makeMasterAgain } from './release';
import { clearMark, setMark } from './restoreMark';
import { assertPlainReplication, assertRestorable, type RestorableServer } from './restorableServer';

export interface RestoreRequest {
	/** Opens the RDB's own bytes, decompressed. Called twice: to inspect it and to send it. */
	openRdb: () => Readable | Promise<Readable>;
	/**
	 * Saves what the server holds now and answers where, for the message when the restore fails. Undefined
	 * where whoever asks for the restore does without.
	 */
	takeSafetySnapshot: (() => Promise<string>) | undefined;
	/** Address that n8n listens on for the server to fetch the data from. Default: the one it reaches the server by. */
	listenHost?: string;
	/** Default: any free port. */
	listenPort?: number;
	/** How the server reaches n8n where that is another address: behind NAT, or from inside a container. */
	announceHost?: string;
	/** Milliseconds without a sign of life from the server until it is given up; 5 minutes when undefined. */
	idleTimeoutMs?: number;
	/** Milliseconds in which the server has to come for the data; it tries each second; 20 seconds when undefined. */
	comeTimeoutMs?: number;
	/**
	 * Whether the data may go in plain text to a server that we otherwise talk to by TLS: a restore to it cannot be
	 * encrypted. Refused when undefined.
	 */
	allowPlainText?: boolean;
	onProgress?: OnProgress;
}

export interface RestoreResult {
	/** Keys in the server afterwards. */
	keys: number;
	/** Keys that it held before. */
	keysBefore: number;
	/** Where those were saved. */
	safetySnapshot?: string;
	rdb: RdbFacts;
	warnings: string[];
}

/**
 * Puts an RDB into a running server, in place of all that it holds: n8n acts as a master, the server becomes its
 * replica for as long as it takes to load the data, and then a master again, also when anything fails.
 *
 * Clients that write to the server meanwhile are refused by it with READONLY.
 *
 * @throws {BackupError} before anything was touched: `damaged` or `incomplete` for the RDB, `unsupported` for
 * what the server cannot do; afterwards with what is left and where the safety snapshot lies
 */
export async function restoreRdb(
	connection: RedisConnection,
	request: RestoreRequest,
	signal: AbortSignal,
): Promise<RestoreResult> {
	assertPlainTextAllowed(connection, request);
	const rdb = await inspectRdb(await request.openRdb(), signal);
	const { idleTimeoutMs = 300_000, comeTimeoutMs = 20_000 } = request;
	const options = { signal, commandTimeoutMs: idleTimeoutMs };
	const target = await withRedis(connection, options, async (client) => {
		const released = await releaseLeftBehind(client);
		await assertPlainReplication(client);
		const examined = await assertRestorable(client, rdb);
		return { ...examined, warnings: [...(released ? [released] : []), ...examined.warnings] };
	});
	const safetySnapshot = await request.takeSafetySnapshot?.();
	if (signal.aborted) throw cancelledError(signal.reason);
	// That may have taken long; a server with a timeout would have ended the connection meanwhile.
	return await withRedis(connection, options, async (client) => {
		let keys: number;
		try {
			keys = await replicate(client, { ...request, idleTimeoutMs, comeTimeoutMs }, rdb, signal);
		} catch (error) {
			const failure = signal.aborted ? cancelledError(error) : error;
			throw await failedRestore(failure, { connection, target, safetySnapshot });
		}
		const warnings = [...rdb.warnings, ...target.warnings, ...(await settle(client, target, signal))];
		return { keys, keysBefore: target.keys, safetySnapshot, rdb, warnings };
	});
}

/** Makes the server our replica until it has loaded everything; answers the number of keys that it then has. */
async function replicate(
	client: RedisClient,
	request: RestoreRequest & { idleTimeoutMs: number; comeTimeoutMs: number },
	rdb: RdbFacts,
	signal: AbortSignal,
): Promise<number> {
	const ownAddress = plainAddress(client.localAddress) ?? '127.0.0.1';
	const master = await RdbMaster.listen({
		host: request.listenHost ?? ownAddress,
		port: request.listenPort ?? 0,
		// Where addresses are translated, nobody can say which one the server comes from.
		replicaAddress: request.announceHost === undefined ? client.remoteAddress : undefined,
		openRdb: request.openRdb,
		bytes: rdb.bytes,
	});
	try {
		const host = request.announceHost ?? request.listenHost ?? ownAddress;
		const port = master.port;
		const following: Following = { ...request, rdb, host, port };
		return await asReplica(client, following, master, async () => {
			const keys = await followLoading(client, master, following, signal);
			assertAllKeys(keys, rdb, client.connection);
			return keys;
		});
	} finally {
		master.close();
	}
}

/** Has the server follow us while `work` runs, and makes it a master again however that ends. */
async function asReplica<T>(
	client: RedisClient,
	{ host, port, comeTimeoutMs, idleTimeoutMs }: Following,
	master: RdbMaster,
	work: () => Promise<T>,
): Promise<T> {
	let refused = false;
	let result: T;
	try {
		await setMark(client, [host, String(port)], comeTimeoutMs);
		await replicaOf(client, [host, String(port)]).catch((error: unknown) => {
			// Whatever else went wrong may have happened after the server has obeyed.
			refused = error instanceof BackupError && error.cause instanceof ReplyError;
			throw error;
		});
		result = await work();
	} catch (error) {
		// A server that still receives gives up when the connection ends, and keeps what it has.
		master.close();
		if (refused) await clearMark(client);
		else await makeMasterAgain(client.connection, idleTimeoutMs, error);
		throw error;
	}
	await makeMasterAgain(client.connection, idleTimeoutMs);
	return result;
}

/** Counted while it is still a replica: replicas remove no expired keys by themselves. */
function assertAllKeys(keys: number, rdb: RdbFacts, connection: RedisConnection): void {
	if (holdsAll(keys, rdb)) return;
	throw new BackupError(
		'incomplete',
		`${describeServer(connection)} has ${keys} keys after the restore where the RDB has ${rdb.keys}`,
		{ advice: 'Look into that server’s log for keys that it did not accept' },
	);
}

function assertPlainTextAllowed({ tls }: RedisConnection, { allowPlainText }: RestoreRequest): void {
	if (!tls || allowPlainText) return;
	throw new BackupError(
		'unsupported',
		'The credential asks for TLS, but the server fetches a restore from n8n in plain text',
		{
			advice:
				'Allow it where you trust the network between the two (Allow Plain Text, --allow-plain-text), or restore with the engine docker; nothing was changed',
		},
	);
}

/** The data is safe once it is in the file that the server would start from. */
async function settle(client: RedisClient, target: RestorableServer, signal: AbortSignal): Promise<string[]> {
	try {
		if (target.info.get('aof_enabled') !== '1') return await rdbSaved(client, signal);
		return await appendOnlyRewritten(client, () => wait(250, undefined, { signal }));
	} catch (error) {
		return [`Whether the server has the restored data on its disk is not known: ${errorMessage(error)}`];
	}
}
