import { BackupError } from '../errors';
import { isSafetyBackup } from './backUpFirst';
import { type CatalogEntry, readCatalog } from './catalog';
import type { Component } from './component';

export interface ArtifactChoice {
	/** The backup directory. */
	root: string;
	timeZone: string;
	components: readonly Component[];
}

/** Artifacts that are there, newest first within each component. */
export async function presentArtifacts({
	root,
	timeZone,
	components,
}: ArtifactChoice): Promise<CatalogEntry[]> {
	const entries = await readCatalog({ root, timeZone, components });
	return entries.filter(({ state }) => state !== 'missing');
}

/** Of each series, one component and one prefix, the newest; the order stays. */
export function newestOfEach(entries: readonly CatalogEntry[]): CatalogEntry[] {
	const seen = new Set<string>();
	return entries.filter(({ component, prefix }) => {
		const series = `${component}/${prefix}`;
		return !seen.has(series) && seen.add(series);
	});
}

/**
 * The newest good artifact, apart from what restores have replaced.
 *
 * @throws BackupError `not-found` when there is none, `bad-parameter` when several series have one
 */
export async function newestGoodArtifact(choice: ArtifactChoice): Promise<CatalogEntry> {
	const present = await presentArtifacts(choice);
	const newest = newestOfEach(present.filter((entry) => entry.state === 'good' && !isSafetyBackup(entry)));
	const [first, ...others] = newest;
	if (first && others.length === 0) return first;
	if (!first) {
		throw new BackupError(
			'not-found',
			`${choice.root} holds no good ${choice.components.join(' or ')} backup`,
			{
				advice: 'List what is there; a backup without a manifest has to be named',
			},
		);
	}
	const series = newest.map(({ prefix }) => prefix).sort();
	throw new BackupError('bad-parameter', `There are backups of several kinds: ${series.join(', ')}`, {
		advice: 'Name the artifact that you mean',
	});
}

/**
 * The artifact of this file name.
 *
 * @throws BackupError `not-found`
 */
export async function artifactNamed(name: string, choice: ArtifactChoice): Promise<CatalogEntry> {
	const entry = (await presentArtifacts(choice)).find((candidate) => candidate.name === name);
	if (entry) return entry;
	throw new BackupError(
		'not-found',
		`${choice.root} holds no ${choice.components.join(' or ')} backup of the name ${name}`,
		{ advice: 'Use the name as List shows it' },
	);
}
