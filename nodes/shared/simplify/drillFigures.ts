import { basename } from 'node:path';
import { type CatalogEntry, countsOf } from '../../../core/artifact';
import type { CheckResult } from '../../../core/artifact/checks';
import type { DrillOutcome } from './shape';

/** What a drill comes to in figures: how long it took, and how much it compared. */
export interface DrillFigures {
	name: string;
	durationMs: number;
	rows?: number;
	tables?: number;
	/** What kept it from finding anything out, and what to do about it. */
	obstacle?: string;
}

/** Rows that were found to be as many as the manifest says are those of the manifest. */
export function drillFigures(
	{ artifactPath, durationMs, checks, obstacle }: DrillOutcome,
	{ manifest }: Pick<CatalogEntry, 'manifest'>,
): DrillFigures {
	const { rows, tables } = hasComparedRows(checks) && manifest ? countsOf(manifest.census) : {};
	return { name: basename(artifactPath), durationMs, rows, tables, obstacle: obstacle?.message };
}

function hasComparedRows(checks: readonly CheckResult[]): boolean {
	return checks.some(({ check, result }) => /^rows\b/.test(check) && result === 'passed');
}
