import { setTimeout as wait } from 'node:timers/promises';
import { BackupError, errorMessage } from '../../errors';
import { withRedis } from '../protocol/client';
import { nobody, replicaOf } from '../protocol/replicaOf';
import { ReplyError } from '../protocol/resp';
import { describeServer, type RedisConnection } from '../connection';
import { clearMark } from './restoreMark';

/** A server that is loading refuses the command until it is done. */
const patienceMs = 10 * 60_000;
/** The answer to a command that takes no time. */
const answerMs = 30_000;
/** A network that fails for a moment. */
const reconnectMs = 10_000;
/** Of what may go better the next time. */
const leastAttempts = 2;
const pauseMs = 250;

/**
 * Sends `REPLICAOF NO ONE` until the server accepts it, on connections of its own: it must happen whatever
 * became of the one before, and no cancelling stops it.
 *
 * @param idleTimeoutMs of silence, half a minute at most, until another connection is tried
 * @param failure what went wrong before, to be told together with a failure of this
 * @throws {BackupError} `server` where the server could not be reached or persuaded
 */
export async function makeMasterAgain(
	connection: RedisConnection,
	idleTimeoutMs: number,
	failure?: unknown,
): Promise<void> {
	const begun = performance.now();
	const { signal } = new AbortController();
	const commandTimeoutMs = Math.min(answerMs, idleTimeoutMs);
	for (let attempt = 1; ; attempt++) {
		try {
			await withRedis(connection, { signal, commandTimeoutMs }, async (client) => {
				await replicaOf(client, nobody);
				await clearMark(client);
			});
			return;
		} catch (error) {
			const patience = patienceFor(error);
			// Silence on one connection takes up all patience and says nothing of the next.
			const isTriedAgain = patience > 0 && attempt < leastAttempts;
			if (performance.now() - begun >= patience && !isTriedAgain)
				throw stillReplica(connection, error, failure);
			await wait(pauseMs);
		}
	}
}

/** Everything but these would be the same at the next attempt. */
function patienceFor(error: unknown): number {
	if (!(error instanceof BackupError)) return 0;
	if (error.code === 'unreachable') return reconnectMs;
	const isBusy = error.cause instanceof ReplyError && ['LOADING', 'BUSY'].includes(error.cause.kind);
	return isBusy ? patienceMs : 0;
}

function stillReplica(connection: RedisConnection, error: unknown, failure: unknown): BackupError {
	const before = failure === undefined ? '' : `${errorMessage(failure)} `;
	return new BackupError(
		'server',
		`${before}${describeServer(connection)} could not be told to be a master again: ${errorMessage(error)}`,
		{
			advice:
				'As soon as it can be reached, run n8n-backup release redis, or REPLICAOF NO ONE there; until then it refuses writes',
			cause: error,
		},
	);
}
