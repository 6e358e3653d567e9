import type { OnProgress } from '../artifact';
import { BackupError } from '../errors';
import { verifyBackup } from './verifyBackup';

/**
 * Reads an artifact to its end before anything is replaced by it; nothing is written into its manifest.
 *
 * @throws BackupError `damaged` with what does not hold
 */
export async function demandSound(
	path: string,
	{ onProgress }: { onProgress?: OnProgress },
	signal: AbortSignal,
): Promise<void> {
	const { result, checks } = await verifyBackup({ path, record: false, onProgress }, signal);
	if (result === 'passed') return;
	const faults = checks.filter((check) => check.result === 'failed').map(({ detail }) => detail);
	throw new BackupError('damaged', `${path} is not sound: ${faults.join(' ')}`, {
		advice: 'Restore another backup; nothing was changed',
	});
}
