import { BackupError } from '../../errors';
import { withRedis } from './client';
import { describeServer, type RedisConnection } from '../connection';
import { ReplyError } from './resp';
import { readServerFacts } from '../serverFacts';

/** Long enough for a server that answers at all. */
const askMs = 5_000;

/**
 * Why a server that was asked for an RDB ended the connection:
 *
 * - `disk`: it could not write the RDB
 * - `limit`: it is well, so it is most likely the limit for what it buffers for a replica
 * - `unknown`: it is gone, or does not say
 */
export type Cut = { why: 'disk' | 'unknown' } | { why: 'limit'; error: BackupError };

/** What a server has told about a failed transfer by its own answer: its disk failed. */
export function saysDiskFailed({ cause }: BackupError): boolean {
	if (!(cause instanceof ReplyError)) return false;
	return cause.kind === 'MISCONF' || /^ERR BGSAVE failed/i.test(cause.message);
}

/**
 * Asks a server that ended a transfer, on a connection of its own.
 *
 * @param buffers whether it collected writes for us meanwhile, as servers before 7.0 do
 */
export async function whyCut(connection: RedisConnection, buffers: boolean): Promise<Cut> {
	try {
		return await withRedis(connection, { signal: AbortSignal.timeout(askMs) }, async (client) => {
			const { info } = await readServerFacts(client);
			const status = info.get('rdb_last_bgsave_status');
			if (status === undefined) return { why: 'unknown' };
			if (status === 'err') return { why: 'disk' };
			if (!buffers) return { why: 'unknown' };
			const limit = replicaLimit(await client.ask('CONFIG', 'GET', 'client-output-buffer-limit'));
			return { why: 'limit', error: limitReached(connection, limit) };
		});
	} catch {
		return { why: 'unknown' };
	}
}

/** `268435456 67108864 60` out of all classes; undefined where the server does not say. */
function replicaLimit(reply: unknown): string | undefined {
	const all: unknown = Array.isArray(reply) ? reply[1] : undefined;
	if (typeof all !== 'string') return undefined;
	return /(?:slave|replica) (\d+ \d+ \d+)/.exec(all)?.[1];
}

function limitReached(connection: RedisConnection, limit: string | undefined): BackupError {
	const name = `client-output-buffer-limit replica${limit === undefined ? '' : ` ${limit}`}`;
	return new BackupError(
		'server',
		`${describeServer(connection)} ended the transfer, though it runs and its disk is well: what was written to it meanwhile probably went over its limit for replicas (${name})`,
		{
			advice:
				'Raise that limit (CONFIG SET client-output-buffer-limit "replica 0 0 0" switches it off), or take the snapshot when less is written; servers since Redis 7.0 need neither',
		},
	);
}
