import { cancelledError } from '../errors';

/**
 * Does work on each value, several at a time, in the order of the values. When one throws, no further one is begun,
 * and those under way are awaited before it is thrown on.
 *
 * @returns the results in the order of the values
 * @throws BackupError `cancelled` when the signal fires in between
 */
export async function sideBySide<T, R>(
	values: readonly T[],
	atOnce: number,
	work: (value: T) => Promise<R>,
	signal: AbortSignal,
): Promise<R[]> {
	const results: R[] = [];
	let next = 0;
	let failed = false;
	const workThrough = async () => {
		while (next < values.length && !failed) {
			const index = next++;
			try {
				if (signal.aborted) throw cancelledError(signal.reason);
				results[index] = await work(values[index]!);
			} catch (error) {
				failed = true;
				throw error;
			}
		}
	};
	const ends = await Promise.allSettled(Array.from({ length: atOnce }, workThrough));
	for (const end of ends) if (end.status === 'rejected') throw end.reason;
	return results;
}
