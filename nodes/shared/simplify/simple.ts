import type { IDataObject } from 'n8n-workflow';
import { basename } from 'node:path';
import { type CatalogEntry, countsOf, type Manifest } from '../../../core/artifact';
import { judge } from '../../../core/artifact/catalog';
import type { CheckResult } from '../../../core/artifact/checks';
import { durationMs } from '../../../core/report/report';
import { describeCheck, describeSource, presentCopies } from '../../../core/report/words';
import { formatBytes, formatDate, formatDuration } from '../../../core/units';
import { drillFigures } from './drillFigures';
import type { Shape } from './shape';

type Backup = Omit<CatalogEntry, 'prefix'>;

/**
 * One flat row for each backup, as a person reads it in the table view. What is not known, or is empty, is left out.
 *
 * @param timeZone that dates are written in: IANA name
 */
export function simple(timeZone: string): Shape {
	const row = (backup: Backup, warnings?: readonly string[]) => backupRow(backup, timeZone, warnings);
	return {
		artifact: ({ path, manifest }) => row(freshBackup(path, manifest)),
		entry: (entry) => row(entry),
		copyEntry: (entry, place) => ({ ...row(entry), place }),
		pruned({ entry, action, reasons, deleted, dryRun, locked, place }) {
			const flags = { ...(dryRun && { dryRun }), ...(locked && { locked }) };
			return filled({ action, reasons, deleted, ...flags, ...row(entry), place });
		},
		copied: ({ entry, outcome, place, warnings }) => ({ outcome, ...row(entry, warnings), place }),
		fetched: ({ entry, outcome, place, warnings }) => ({ outcome, ...row(entry, warnings), place }),
		copyVerification: ({ entry, result, checks, place }) =>
			filled({ result, ...row(entry), unknown: unknowns(checks), place }),
		verification({ component, path, result, checks, storedBytes, recordProblem }, { manifest }) {
			return filled({
				name: basename(path),
				component,
				result,
				...size(storedBytes),
				...(manifest && countsOf(manifest.census)),
				unknown: unknowns(checks),
				warnings: recordProblem === undefined ? [] : [recordProblem],
				path,
			});
		},
		drill(outcome, entry) {
			const { artifactPath, result, checks, warnings } = outcome;
			const { name, durationMs: took, rows, tables, obstacle } = drillFigures(outcome, entry);
			return filled({
				name,
				result,
				...duration(took),
				rows,
				tables,
				obstacle,
				// The obstacle is what makes all of it unknown.
				unknown: obstacle === undefined ? unknowns(checks) : [],
				warnings,
				path: artifactPath,
			});
		},
	};
}

function backupRow(backup: Backup, timeZone: string, warnings: readonly string[] = []): IDataObject {
	const { name, component, storedBytes, state, problem, at, path, manifest } = backup;
	const { verification, drill, copies, source, census } = manifest ?? {};
	return filled({
		name,
		component,
		source: source && describeSource(component, source),
		...(state !== 'missing' && size(storedBytes)),
		...(manifest && duration(durationMs(backup))),
		...(census && countsOf(census)),
		state,
		warnings: [
			...(problem === undefined ? [] : [problem]),
			...new Set([...(manifest?.warnings ?? []), ...warnings]),
		],
		made: formatDate(at, timeZone),
		verified: verification && describeCheck(verification, timeZone),
		drilled: drill && describeCheck(drill, timeZone),
		copies: presentCopies(copies).map(({ place }) => place),
		path,
		database: source?.database,
		sqliteDatabases: manifest && sqliteDatabases(manifest),
	});
}

/** What the catalog is going to say of an artifact that has just been made. */
function freshBackup(path: string, manifest: Manifest): Backup {
	const { component, storedBytes, startedAt } = manifest;
	const found = { component, path, name: basename(path), storedBytes, at: new Date(startedAt) };
	return { ...found, manifest, ...judge(manifest, { ...found, prefix: '' }) };
}

function size(bytes: number) {
	return { size: formatBytes(bytes), bytes };
}

function duration(milliseconds: number) {
	return { duration: formatDuration(milliseconds), durationMs: milliseconds };
}

/** Backups by earlier versions name only those that were captured whole. */
function sqliteDatabases({ census }: Manifest): string[] {
	if (census.kind !== 'tar') return [];
	return census.databases?.map(({ path }) => path) ?? census.sqlite;
}

function unknowns(checks: readonly CheckResult[]): string[] {
	return checks
		.filter(({ result }) => result === 'unknown')
		.map(({ check, detail }) => `${check}: ${detail}`);
}

function filled(fields: IDataObject): IDataObject {
	return Object.fromEntries(
		Object.entries(fields).filter(
			([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0),
		),
	);
}
