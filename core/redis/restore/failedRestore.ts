import { BackupError, errorMessage } from '../../errors';
import { withRedis } from '../protocol/client';
import { describeServer, type RedisConnection } from '../connection';
import { readServerFacts } from '../serverFacts';
import type { RestorableServer } from './restorableServer';

export interface FailedRestore {
	connection: RedisConnection;
	target: RestorableServer;
	safetySnapshot: string | undefined;
}

/** Long enough for a server that answers at all. */
const askMs = 5_000;

/**
 * The error of a restore that failed under way: what happened, what the server holds now, and how to get back
 * what it held before.
 */
export async function failedRestore(error: unknown, failed: FailedRestore): Promise<BackupError> {
	const server = describeServer(failed.connection);
	const keys = await countNow(failed.connection);
	const before = failed.target.keys;
	const left =
		keys === undefined
			? `What ${server} holds now is not known; before, it held ${before} keys`
			: `${server} now holds ${keys} keys and held ${before} before`;
	const known = error instanceof BackupError ? error : undefined;
	return new BackupError(known?.code ?? 'internal', `${known?.what ?? `${errorMessage(error)}.`} ${left}`, {
		advice: adviceToGetBack(failed, keys === before ? known : undefined),
		cause: error,
	});
}

function adviceToGetBack({ safetySnapshot }: FailedRestore, untouched: BackupError | undefined): string {
	const back =
		safetySnapshot === undefined
			? 'No safety snapshot was taken; look for the server’s own RDB file'
			: `What it held before is in the safety snapshot ${safetySnapshot}: restore that one the same way to get it back`;
	return untouched ? `${untouched.advice} ${back}` : back;
}

async function countNow(connection: RedisConnection): Promise<number | undefined> {
	try {
		const facts = await withRedis(connection, { signal: AbortSignal.timeout(askMs) }, readServerFacts);
		return facts.keys;
	} catch {
		return undefined;
	}
}
