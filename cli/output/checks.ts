import type { CheckResult } from '../../core/artifact/checks';
import { formatTable } from './table';

export const marks: Record<CheckResult['result'], string> = { passed: '✓', failed: '✗', unknown: '?' };

/** One line a check: its mark, what was looked at, what was found. */
export function formatChecks(checks: readonly CheckResult[]): string {
	return formatTable(checks.map(({ check, result, detail }) => [` ${marks[result]}`, check, detail]));
}
