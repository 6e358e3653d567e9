import { BackupError } from '../errors';

/** How much a query may ask for. */
export interface QueryLimits {
	/** Rows; {@link defaultMaxRows} when undefined. */
	maxRows?: number;
	/** Milliseconds that the query itself may take, without what comes before it; {@link defaultTimeoutMs} when undefined. */
	timeoutMs?: number;
	/** Bytes that are taken out of the backup for it. */
	maxBytes?: number;
}

export const defaultMaxRows = 1_000;
export const defaultTimeoutMs = 60_000;

/**
 * Asks with a time limit that counts from when `work` says that the query begins.
 *
 * @param work gets a signal that fires on cancellation and when the time is over
 * @throws BackupError `server` when the time is over, and whatever `work` throws
 */
export async function withinTime<Answer>(
	timeoutMs: number,
	work: (signal: AbortSignal, begins: () => void) => Promise<Answer>,
	signal: AbortSignal,
): Promise<Answer> {
	const over = new AbortController();
	let timer: NodeJS.Timeout | undefined;
	const begins = () => {
		timer ??= setTimeout(() => over.abort(), timeoutMs);
	};
	try {
		return await work(AbortSignal.any([signal, over.signal]), begins);
	} catch (error) {
		if (signal.aborted || !over.signal.aborted) throw error;
		throw new BackupError('server', `The query took longer than ${timeoutMs / 1000} s and was ended`, {
			advice: 'Ask for less, or raise its time limit',
			cause: error,
		});
	} finally {
		clearTimeout(timer);
	}
}

/** @throws BackupError `bad-parameter` for a text that asks nothing */
export function assertAsked(sql: string): void {
	if (sql.trim() === '') throw noQuery();
}

/** The error for a text that asks nothing. */
export function noQuery(): BackupError {
	return new BackupError('bad-parameter', 'There is no query', { advice: 'Write one SELECT' });
}
