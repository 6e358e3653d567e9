import { errorMessage } from '../../errors';
import type { RedisCommands } from '../protocol/client';
import { readSettingIfPermitted } from '../serverSettings';
import { saveRdb } from '../snapshot/save';
import { patienceMs } from './appendOnly';

/**
 * A replica receives its data into the RDB file that it will start from. One that is set to load from the connection
 * (`repl-diskless-load`) has no such file, and after a crash it would have what it held before: it is told to save.
 *
 * @returns a warning where it could not
 */
export async function rdbSaved(client: RedisCommands, signal: AbortSignal): Promise<string[]> {
	const way = await readSettingIfPermitted(client, 'repl-diskless-load');
	if (way === undefined || way === 'disabled') return [];
	try {
		await saveRdb(client, patienceMs, signal);
		return [];
	} catch (error) {
		return [
			`The server has the restored data in memory only: let it save (BGSAVE) before it is restarted, or what it held before comes back. ${errorMessage(error)}`,
		];
	}
}
