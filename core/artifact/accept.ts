import { basename } from 'node:path';
import { BackupError } from '../errors';
import type { CatalogEntry } from './catalog';
import { changeManifest } from './changeManifest';
import { seriesKey } from './series';
import { findShrinkage } from './shrinkage';

/**
 * The shrunk backups that are meant to be so when these are: each of them, and those of its series that hold no far
 * less than it.
 */
export function acceptedWith(entries: readonly CatalogEntry[], names: readonly string[]): CatalogEntry[] {
	const shrunk = entries.filter(({ state }) => state === 'shrunk');
	const named = shrunk.filter(({ name }) => names.includes(name));
	return shrunk.filter((entry) => named.some((one) => one === entry || isAlike(one, entry)));
}

function isAlike(one: CatalogEntry, other: CatalogEntry): boolean {
	if (!one.manifest || !other.manifest || seriesKey(one) !== seriesKey(other)) return false;
	return findShrinkage(one.manifest, other.manifest).lost.length === 0;
}

/**
 * Writes down that a shrunk backup is meant to be so: then it is good.
 *
 * @throws BackupError `bad-parameter` when it is not shrunk; whatever keeps its manifest from being written
 */
export async function acceptBackup(path: string, at = new Date()): Promise<void> {
	await changeManifest(path, ({ manifest: { artifact, shrunk }, document }) => {
		if (shrunk === undefined || artifact !== basename(path)) throw notShrunk(path);
		if (shrunk.acceptedAt !== undefined) return undefined;
		return { ...document, shrunk: { ...shrunk, acceptedAt: at.toISOString() } };
	});
}

function notShrunk(path: string): BackupError {
	return new BackupError('bad-parameter', `${path} is not shrunk`, {
		advice: 'There is nothing to accept; “list” shows the state of each backup',
	});
}
