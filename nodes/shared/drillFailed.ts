import type { CheckResult } from '../../core/artifact/checks';
import { BackupError } from '../../core/errors';

/** The error of a drill that found faults: all of them, and what to do. */
export function drillFailed(artifactPath: string, checks: readonly CheckResult[]): BackupError {
	const faults = checks.filter(({ result }) => result === 'failed').map(({ detail }) => detail);
	return new BackupError('damaged', `${artifactPath} did not pass its drill: ${faults.join(' ')}`, {
		advice: 'Do not rely on it; drill an older one, and make a new backup',
	});
}
