import { isSafetyBackup } from './backUpFirst';
import type { CatalogEntry } from './catalog';
import type { Manifest } from './manifest';

/**
 * The one place that knows which backups belong together and which of them is the newest.
 *
 * A series is one component, one prefix and one n8n, by its instance id. What has no id, or a manifest that cannot
 * be read, is of an unknown n8n: a series of its own that counts for no other.
 */

/** What a person writes for backups whose n8n is not known. */
export const unknownInstance = 'unknown';

/** Which series are meant; what is undefined is any. */
export interface SeriesFilter {
	prefix?: string;
	/** An n8n's instance id, the beginning of one, or {@link unknownInstance}. */
	instance?: string;
	/** With `instance`: also what is of an unknown n8n. */
	orUnknown?: boolean;
}

/** The same for entries of the same series, and for no others. */
export function seriesKey({
	component,
	prefix,
	manifest,
}: Pick<CatalogEntry, 'component' | 'prefix'> & { manifest?: Pick<Manifest, 'instanceId'> }): string {
	return JSON.stringify([component, prefix, manifest?.instanceId ?? null]);
}

export function isInSeries(
	{ prefix, manifest }: CatalogEntry,
	{ prefix: wanted, instance, orUnknown = false }: SeriesFilter,
): boolean {
	if (wanted !== undefined && prefix !== wanted) return false;
	if (instance === undefined) return true;
	const id = manifest?.instanceId;
	if (id === undefined) return orUnknown || instance === unknownInstance;
	return id.startsWith(instance);
}

/** A series in words: `postgres/n8n of instance 3f2a9c1b`. */
export function describeSeries({ component, prefix, manifest }: CatalogEntry): string {
	return `${component}/${prefix} of ${describeInstance(manifest?.instanceId)}`;
}

/** An n8n in words, its id cut to what tells it from others. */
export function describeInstance(instanceId: string | undefined): string {
	return instanceId === undefined ? 'an unknown instance' : `instance ${instanceId.slice(0, 12)}`;
}

/** What tells which of two backups is newer. */
export type Dated = Pick<CatalogEntry, 'at' | 'name'>;

/** For sorting. Backups of the same moment in the order of their names, the last first. */
export function newestFirst(a: Dated, b: Dated): number {
	return b.at.getTime() - a.at.getTime() || (a.name < b.name ? 1 : a.name > b.name ? -1 : 0);
}

/** The newest of them, whatever their series, their state or the date. */
export function newestOf(entries: readonly CatalogEntry[]): CatalogEntry | undefined {
	return [...entries].sort(newestFirst)[0];
}

/** The newest shrunk backup of a series since a full one of it; of all where there is no full one. */
export function newestShrunk(
	series: readonly CatalogEntry[],
	since: CatalogEntry | undefined,
): CatalogEntry | undefined {
	return newestOf(
		series.filter((entry) => entry.state === 'shrunk' && (!since || newestFirst(entry, since) < 0)),
	);
}

/** Whether a backup is not dated in the future, as one is that a machine with a wrong clock has made. */
export function isPast({ at }: Pick<CatalogEntry, 'at'>, now: Date): boolean {
	return at.getTime() <= now.getTime();
}

/**
 * Of each series the newest backup that is not dated in the future; the order stays. What a restore has replaced
 * is nobody's newest.
 */
export function newestOfEach(entries: readonly CatalogEntry[], now = new Date()): CatalogEntry[] {
	const newest = new Map<string, CatalogEntry>();
	for (const entry of entries) {
		if (isSafetyBackup(entry) || !isPast(entry, now)) continue;
		const key = seriesKey(entry);
		const other = newest.get(key);
		if (other === undefined || newestFirst(entry, other) < 0) newest.set(key, entry);
	}
	const chosen = new Set(newest.values());
	return entries.filter((entry) => chosen.has(entry));
}

/** Whether it holds a server's roles and tablespaces, which are no database: they are not drilled. */
export function isRoles({ component, prefix, manifest }: CatalogEntry): boolean {
	return (
		component === 'postgres' && /(?:^|_)globals$/.test(prefix) && manifest?.source.database === undefined
	);
}
