import { BackupError } from '../core/errors';
import { verifyBackup } from '../core/verify/verifyBackup';
import type { CommandTools } from './command';

/**
 * Reads an artifact to its end before anything is replaced by it.
 *
 * @throws BackupError `damaged` with what does not hold
 */
export async function demandSound(path: string, { output, signal }: CommandTools): Promise<void> {
	const { result, checks } = await verifyBackup(
		{ path, record: false, onProgress: output.onProgress },
		signal,
	);
	if (result === 'passed') return;
	const faults = checks.filter((check) => check.result === 'failed').map(({ detail }) => detail);
	throw new BackupError('damaged', `${path} is not sound: ${faults.join(' ')}`, {
		advice: 'Restore another backup; nothing was changed',
	});
}
