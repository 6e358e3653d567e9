import { statfs } from 'node:fs/promises';
import {
	type CatalogEntry,
	type CheckRecord,
	type CopyRecord,
	isPast,
	newestFirst,
	newestOfEach,
	readCatalog,
	seriesKey,
	type SeriesFilter,
} from '../artifact';
import { isSafetyBackup } from '../artifact/backUpFirst';
import { type FailedRun, readFailedRuns } from '../artifact/failedRuns';
import { planRetention, type RetentionPolicy, type Verdict } from '../retention';
import { presentCopies } from './words';

export interface ReportOptions {
	/** The backup directory. */
	root: string;
	/** IANA name of the zone that dates are shown in, and days begin in. */
	timeZone: string;
	now: Date;
	/** Hours between two backups. One is late when it is older than that and a quarter. */
	everyHours: number;
	/** What the next prune is going to use. */
	policy: RetentionPolicy;
	/** Undefined: every series of every n8n. */
	series?: SeriesFilter;
}

/**
 * How a series of backups is.
 *
 * - `good`: the newest run made a good backup, in time
 * - `late`: the newest good backup is older than the schedule allows
 * - `failed`: the newest run failed, or its backup is contradicted, or did not come through its drill
 * - `shrunk`: the newest backup holds far less than before, and nobody has said that this is meant
 * - `unknown`: nobody can know, because the newest manifest cannot be read or is not there
 */
export type Health = 'good' | 'late' | 'failed' | 'shrunk' | 'unknown';

/** A series of backups as a person asks for it. */
export interface SeriesReport {
	component: CatalogEntry['component'];
	prefix: string;
	instanceId?: string;
	health: Health;
	/** Why the health is not `good`: sentences for people. */
	problems: string[];
	/** The newest backup that is not dated in the future, in whatever state. */
	newest: CatalogEntry;
	newestGood?: CatalogEntry;
	/** Those with a manifest, the oldest first. */
	history: CatalogEntry[];
	/** The newest backups that were looked at again, or restored. */
	verified?: CheckedBackup;
	drilled?: CheckedBackup;
	/** Where copies of the newest good backup are. */
	copies: CopyRecord[];
}

export interface CheckedBackup {
	name: string;
	record: CheckRecord;
}

/** What the disk has left for backups. */
export interface Space {
	freeBytes: number;
	/** What the newest good backups of all series take together. */
	nightBytes: number;
}

/** Whether n8n's encryption key is in the newest backups that can hold it. */
export interface KeyReport {
	/** Names of the newest good backups with the key, and of those without. */
	foundIn: string[];
	missingIn: string[];
}

/** Everything that a person or a monitor asks about a backup directory. */
export interface Report {
	root: string;
	timeZone: string;
	at: Date;
	everyHours: number;
	series: SeriesReport[];
	/** What the next prune deletes. */
	leaving: Verdict[];
	/** Newest first. */
	failedRuns: FailedRun[];
	/** Undefined where the file system does not say. */
	space?: Space;
	key: KeyReport;
}

/**
 * Reads the catalog and says how each series is. Reads no artifact and changes nothing.
 *
 * @throws BackupError when the backup directory cannot be read, or for a policy that makes no sense
 */
export async function buildReport(options: ReportOptions): Promise<Report> {
	const { root, timeZone, now, everyHours, policy, series: filter } = options;
	const entries = await readCatalog({ root, timeZone, series: filter });
	const failedRuns = await readFailedRuns(root);
	const series = newestOfEach(entries, now).map((newest) =>
		reportSeries(newest, entries, failedRuns, options),
	);
	const verdicts = planRetention(entries, {
		policy,
		now,
		timeZone,
		includeUnproven: false,
		failedComponents: [],
	});
	return {
		root,
		timeZone,
		at: now,
		everyHours,
		series,
		leaving: verdicts.filter(({ action }) => action === 'delete'),
		failedRuns,
		space: await measureSpace(root, series),
		key: findKey(series),
	};
}

/** Whether everything is as it should be. Without any backup it is not. */
export function isAllGood({ series }: Report): boolean {
	return series.length > 0 && series.every(({ health }) => health === 'good');
}

/** How long a backup took; 0 where no manifest says it. */
export function durationMs({ manifest }: Pick<CatalogEntry, 'manifest'>): number {
	return manifest ? Date.parse(manifest.finishedAt) - Date.parse(manifest.startedAt) : 0;
}

function reportSeries(
	newest: CatalogEntry,
	entries: readonly CatalogEntry[],
	failedRuns: readonly FailedRun[],
	{ now, everyHours }: ReportOptions,
): SeriesReport {
	const own = entries
		.filter((entry) => seriesKey(entry) === seriesKey(newest) && !isSafetyBackup(entry) && isPast(entry, now))
		.sort(newestFirst);
	const newestGood = own.find(({ state }) => state === 'good');
	const { component, prefix, manifest } = newest;
	const failure = failedRuns.find(
		(run) =>
			seriesKey({ ...run, manifest: run }) === seriesKey(newest) && Date.parse(run.at) > newest.at.getTime(),
	);
	return {
		component,
		prefix,
		instanceId: manifest?.instanceId,
		...judgeSeries({ newest, newestGood, failure, now, everyHours }),
		newest,
		newestGood,
		history: own.filter((entry) => entry.manifest && entry.state !== 'missing').reverse(),
		verified: newestChecked(own, ({ verification }) => verification),
		drilled: newestChecked(own, ({ drill }) => drill),
		copies: presentCopies(newestGood?.manifest?.copies),
	};
}

interface ToJudge {
	newest: CatalogEntry;
	newestGood?: CatalogEntry;
	failure?: FailedRun;
	now: Date;
	everyHours: number;
}

function judgeSeries({
	newest,
	newestGood,
	failure,
	now,
	everyHours,
}: ToJudge): Pick<SeriesReport, 'health' | 'problems'> {
	if (failure) return { health: 'failed', problems: [failure.what, failure.advice] };
	const { name, state, problem, manifest } = newest;
	const problems = problem === undefined ? [] : [`${name}: ${problem}`];
	if (state === 'shrunk') return { health: 'shrunk', problems };
	if (state === 'contradicted' || state === 'missing') return { health: 'failed', problems };
	if (state !== 'good') return { health: 'unknown', problems };
	if (manifest?.drill?.result === 'failed') {
		return {
			health: 'failed',
			problems: [`${name} did not come through its drill.`, ...manifest.drill.findings],
		};
	}
	const hours = newestGood ? (now.getTime() - newestGood.at.getTime()) / 3_600_000 : Infinity;
	if (hours <= everyHours * 1.25) return { health: 'good', problems: [] };
	return {
		health: 'late',
		problems: [
			`The newest good backup is ${Math.floor(hours)} hours old; one is expected every ${everyHours}.`,
		],
	};
}

function newestChecked(
	own: readonly CatalogEntry[],
	recordOf: (manifest: NonNullable<CatalogEntry['manifest']>) => CheckRecord | undefined,
): CheckedBackup | undefined {
	for (const { name, manifest } of own) {
		const record = manifest && recordOf(manifest);
		if (record) return { name, record };
	}
	return undefined;
}

async function measureSpace(root: string, series: readonly SeriesReport[]): Promise<Space | undefined> {
	try {
		const { bavail, bsize } = await statfs(root);
		const nightBytes = series.reduce((sum, { newestGood }) => sum + (newestGood?.storedBytes ?? 0), 0);
		return { freeBytes: bavail * bsize, nightBytes };
	} catch {
		return undefined;
	}
}

function findKey(series: readonly SeriesReport[]): KeyReport {
	const named = (wanted: 'found' | 'missing') =>
		series.flatMap(({ newestGood }) =>
			newestGood?.manifest?.encryptionKey === wanted ? [newestGood.name] : [],
		);
	return { foundIn: named('found'), missingIn: named('missing') };
}
