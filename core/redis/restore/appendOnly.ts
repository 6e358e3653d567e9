import type { RedisClient } from '../protocol/client';
import { readInfo } from '../serverFacts';

/** Longer than writing the largest data takes. */
export const patienceMs = 60 * 60_000;

/**
 * A server with an append-only file writes it again after a restore, by itself. Waits until that is done, and
 * answers a warning where it failed: a restart would then bring back what was there before.
 */
export async function appendOnlyRewritten(
	client: RedisClient,
	pause: () => Promise<void>,
): Promise<string[]> {
	const deadline = performance.now() + patienceMs;
	for (;;) {
		const info = await readInfo(client, 'persistence');
		const working = ['aof_rewrite_in_progress', 'aof_rewrite_scheduled'].some(
			(name) => info.get(name) === '1',
		);
		if (!working) {
			if (info.get('aof_enabled') === '1' && info.get('aof_last_bgrewrite_status') === 'ok') return [];
			return [
				'The server could not write its append-only file anew: run BGREWRITEAOF there before it is restarted, or the restored data is lost',
			];
		}
		if (performance.now() > deadline) {
			return [
				`The server was still writing its append-only file anew after ${patienceMs / 60_000} minutes: do not restart it before that is done, or the restored data is lost`,
			];
		}
		await pause();
	}
}
