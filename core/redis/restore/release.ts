import { setTimeout as wait } from 'node:timers/promises';
import { BackupError, errorMessage } from '../../errors';
import { RedisClient } from '../client';
import { describeServer, type RedisConnection } from '../connection';

/** A server that is loading refuses the command until it is done. */
const patienceMs = 10 * 60_000;
const pauseMs = 250;

/**
 * Sends `REPLICAOF NO ONE` until the server accepts it, on connections of its own: it must happen whatever
 * became of the one before, and no cancelling stops it.
 *
 * @param failure what went wrong before, to be told together with a failure of this
 * @throws {BackupError} `server` where the server could not be reached or persuaded
 */
export async function makeMasterAgain(connection: RedisConnection, failure?: unknown): Promise<void> {
	const deadline = Date.now() + patienceMs;
	for (;;) {
		try {
			await sendOnce(connection);
			return;
		} catch (error) {
			const lost = !(error instanceof BackupError) || error.code === 'unreachable';
			// A server that is gone comes back, when it does, as the master that its redis.conf makes it.
			if (Date.now() > deadline || lost) throw stillReplica(connection, error, failure);
			await wait(pauseMs);
		}
	}
}

async function sendOnce(connection: RedisConnection): Promise<void> {
	const client = await RedisClient.connect(connection, new AbortController().signal);
	try {
		await client.command('REPLICAOF', 'NO', 'ONE');
	} finally {
		client.close();
	}
}

function stillReplica(connection: RedisConnection, error: unknown, failure: unknown): BackupError {
	const before = failure === undefined ? '' : `${errorMessage(failure)} `;
	return new BackupError(
		'server',
		`${before}${describeServer(connection)} could not be told to be a master again: ${errorMessage(error)}`,
		{
			advice: 'As soon as it can be reached, run REPLICAOF NO ONE there; until then it refuses writes',
			cause: error,
		},
	);
}
