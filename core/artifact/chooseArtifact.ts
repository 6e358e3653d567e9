import { BackupError } from '../errors';
import { isSafetyBackup } from './backUpFirst';
import { type CatalogEntry, readCatalog } from './catalog';
import type { Component } from './component';
import {
	describeInstance,
	describeSeries,
	isInSeries,
	isPast,
	isRoles,
	newestOf,
	newestOfEach,
	newestShrunk,
	seriesKey,
	type SeriesFilter,
	unknownInstance,
} from './series';

export interface ArtifactChoice {
	/** The backup directory, or the place that `entries` are of. */
	root: string;
	/** What is there, where that is no directory to be read but a place off-site. */
	entries?: readonly CatalogEntry[];
	timeZone: string;
	components: readonly Component[];
	/** Undefined: every prefix, of every n8n. */
	series?: SeriesFilter;
	/** For what is dated in the future; the present when undefined. */
	now?: Date;
}

const howToChoose =
	'Choose by prefix and instance (--prefix and --instance; File Prefix and Instance in a node), or name the artifact';

/** Artifacts that are there, newest first within each component. */
export async function presentArtifacts(choice: ArtifactChoice): Promise<CatalogEntry[]> {
	const { components, series = {} } = choice;
	const entries = choice.entries?.filter(
		(entry) => components.includes(entry.component) && isInSeries(entry, series),
	);
	return (entries ?? (await readCatalog(choice))).filter(({ state }) => state !== 'missing');
}

/**
 * The newest good artifact of the only series that is meant.
 *
 * @throws BackupError `not-found` when there is none, `bad-parameter` when several series have one
 */
export async function newestGoodArtifact(choice: ArtifactChoice): Promise<CatalogEntry> {
	const newest = await newestGoodArtifacts(choice);
	if (newest[0] && newest.length === 1) return newest[0];
	throw new BackupError('bad-parameter', `There are backups of several series: ${describeAll(newest)}`, {
		advice: howToChoose,
	});
}

/**
 * Of each series that is meant the newest good artifact, one at least. Not meant, unless their prefix is named, are
 * a server's roles; and never what a restore has replaced, nor what is dated in the future.
 *
 * @throws BackupError `not-found` when there is none; it names what there is of other series
 */
export async function newestGoodArtifacts(choice: ArtifactChoice): Promise<CatalogEntry[]> {
	const { series = {}, now = new Date() } = choice;
	const present = await presentArtifacts({ ...choice, series: undefined });
	const eligible = present.filter(
		(entry) =>
			entry.state === 'good' && !isSafetyBackup(entry) && (series.prefix !== undefined || !isRoles(entry)),
	);
	const newest = newestOfEach(eligible, now).filter((entry) => isInSeries(entry, series));
	if (newest.length > 0) return newest;
	throw onlyShrunk(choice, present) ?? noneFound(choice, eligible, now);
}

/** Newer ones of a chosen backup's series that are shrunk, in sentences for people: they have to be named. */
export async function shrunkSince(
	choice: ArtifactChoice,
	chosen: readonly CatalogEntry[],
): Promise<string[]> {
	const present = await presentArtifacts({ ...choice, series: undefined });
	return chosen.flatMap((entry) => {
		const newest = newestShrunk(
			present.filter((other) => seriesKey(other) === seriesKey(entry)),
			entry,
		);
		if (!newest) return [];
		return [`${entry.name} is the last full backup. ${newest.name} is newer: ${newest.problem ?? ''}`];
	});
}

/** The n8n, in words, whose backups are in the same directory and are not meant. */
export async function otherInstances(choice: ArtifactChoice): Promise<string[]> {
	const { instance } = choice.series ?? {};
	if (instance === undefined) return [];
	const present = await presentArtifacts({ ...choice, series: undefined });
	const others = present.filter(
		(entry) => entry.manifest?.instanceId !== undefined && !isInSeries(entry, { instance }),
	);
	return [...new Set(others.map(({ manifest }) => describeInstance(manifest?.instanceId)))].sort();
}

/**
 * The artifact of this file name, of any series.
 *
 * @throws BackupError `not-found`
 */
export async function artifactNamed(name: string, choice: ArtifactChoice): Promise<CatalogEntry> {
	const entry = (await presentArtifacts({ ...choice, series: undefined })).find(
		(candidate) => candidate.name === name,
	);
	if (entry) return entry;
	throw new BackupError(
		'not-found',
		`${choice.root} holds no ${choice.components.join(' or ')} backup of the name ${name}`,
		{ advice: 'Use the name as List shows it' },
	);
}

/** Where there is nothing but what holds too little: somebody has to say that it is wanted. */
function onlyShrunk(
	{ root, components, series = {} }: ArtifactChoice,
	present: CatalogEntry[],
): BackupError | undefined {
	const meant = present.filter((entry) => isInSeries(entry, series));
	const newest = newestShrunk(meant, undefined);
	if (!newest) return undefined;
	const what = `${root} holds no full ${components.join(' or ')} backup${describeFilter(series)} any more, only shrunk ones; ${newest.name} is the newest`;
	return new BackupError('not-found', what, { advice: 'Name it, if it is wanted all the same' });
}

/** Says why nothing was found: nothing there, dated in the future, or all of other series. */
function noneFound(
	{ root, components, series = {} }: ArtifactChoice,
	eligible: CatalogEntry[],
	now: Date,
): BackupError {
	const which = `good ${components.join(' or ')} backup${describeFilter(series)}`;
	const future = newestOf(eligible.filter((entry) => isInSeries(entry, series) && !isPast(entry, now)));
	if (future) {
		const what = `${root} holds no ${which} that is not dated in the future: ${future.name} is of ${future.at.toISOString()}`;
		return new BackupError('not-found', what, {
			advice: 'Check this machine’s clock; a backup made with a wrong clock has to be named',
		});
	}
	const others = newestOfEach(eligible, now);
	if (others.length > 0) {
		return new BackupError('not-found', `${root} holds no ${which}, only ${describeAll(others)}`, {
			advice: howToChoose,
		});
	}
	return new BackupError('not-found', `${root} holds no ${which}`, {
		advice: 'List what is there; a backup without a manifest has to be named',
	});
}

function describeFilter({ prefix, instance }: SeriesFilter): string {
	const parts = [
		prefix === undefined ? '' : ` of the prefix ${prefix}`,
		instance === undefined
			? ''
			: ` of ${describeInstance(instance === unknownInstance ? undefined : instance)}`,
	];
	return parts.join('');
}

function describeAll(entries: CatalogEntry[]): string {
	return entries.map(describeSeries).sort().join(', ');
}
