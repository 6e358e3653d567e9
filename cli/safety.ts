import { backUpFirst, type SafetyBackup } from '../core/artifact';
import { BackupError } from '../core/errors';
import type { CommandTools } from './command';
import { asOwnerOf } from './identity';

export interface SafetyOptions {
	/** Where what is replaced is saved; the backup directory when undefined. */
	safetyDirectory?: string;
}

export const safetyFlag = '--safety-directory <path>';
export const safetyHelp = 'where what is replaced is saved first (the backup directory otherwise)';

/**
 * What saves the thing that is replaced, and says where.
 *
 * @throws BackupError `bad-parameter`, at once, when there is no place to save it
 */
export function safetyBackup(
	what: Pick<SafetyBackup, 'component' | 'name' | 'openSource' | 'keys'>,
	{ safetyDirectory }: SafetyOptions,
	{ globals: { directory, timeZone }, output }: CommandTools,
): (signal: AbortSignal) => Promise<string> {
	const root = safetyDirectory ?? directory;
	if (root === undefined) {
		throw new BackupError('bad-parameter', 'There is no place to save what is replaced', {
			advice: 'Name one with --safety-directory, or the backup directory with --directory',
		});
	}
	return async (signal) => {
		const backup = { ...what, root, timeZone, onProgress: output.onProgress };
		const path = await asOwnerOf(root, async () => await backUpFirst(backup, signal));
		output.say(`What was there is saved in ${path}`);
		return path;
	};
}
