import type { OnProgress } from '../artifact';
import type { CheckResult } from '../artifact/checks';
import type { DecryptionKeys } from '../encryption';
import { BackupError } from '../errors';
import { verifyBackup } from './verifyBackup';

/**
 * Reads an artifact to its end before anything is replaced by it; nothing is written into its manifest.
 *
 * @throws BackupError `damaged` with what does not hold, `unreadable` when its manifest cannot be judged
 */
export async function assertSound(
	path: string,
	{ keys, onProgress }: { keys?: DecryptionKeys; onProgress?: OnProgress },
	signal: AbortSignal,
): Promise<void> {
	const { result, checks } = await verifyBackup({ path, record: false, keys, onProgress }, signal);
	if (result === 'passed') return;
	if (result === 'unknown') throw unknownBackup(path, checks);
	const faults = checks.filter((check) => check.result === 'failed').map(({ detail }) => detail);
	throw new BackupError('damaged', `${path} is not sound: ${faults.join(' ')}`, {
		advice: 'Restore another backup; nothing was changed',
	});
}

/** For who can do nothing with a backup of which nobody knows whether it is whole. */
export function unknownBackup(path: string, checks: readonly CheckResult[]): BackupError {
	const fault = checks.find(({ check }) => check === 'manifest')?.detail ?? 'Its manifest cannot be read.';
	return new BackupError('unreadable', `Nobody can know whether ${path} is sound: ${fault}`, {
		advice: 'Make the manifest readable, or move it away to go by the file alone',
	});
}
