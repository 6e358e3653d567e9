import { type CatalogEntry, isPast } from '../../core/artifact';
import { formatDate, plural } from '../../core/units';

/** A catalog entry for programs: dates as ISO 8601, everything else as the catalog has it. */
export function entryJson({ at, ...entry }: CatalogEntry): object {
	return { ...entry, at: at.toISOString() };
}

/** What an artifact holds, as its census says; `?` where no manifest does. */
export function whatItHolds({ manifest }: CatalogEntry): string {
	const census = manifest?.census;
	switch (census?.kind) {
		case 'postgres':
			return `${plural(census.rows, 'row')} in ${plural(Object.keys(census.tables).length, 'table')}`;
		case 'tar':
			return plural(census.entries, 'entry', 'entries');
		case 'redis':
			return census.keys === undefined ? '?' : plural(census.keys, 'key');
		case 'file':
			return '1 file';
		case 'unknown':
		case undefined:
			return '?';
	}
}

/** `good, verified 2026-11-23 03:00:00, drilled …`; what was never tried is not mentioned. */
export function stateAndChecks(entry: CatalogEntry, timeZone: string): string {
	const { state, manifest } = entry;
	const checks = [
		{ word: 'verified', record: manifest?.verification },
		{ word: 'drilled', record: manifest?.drill },
	].flatMap(({ word, record }) => {
		if (!record) return [];
		const verdict = record.result === 'passed' ? word : `not ${word}`;
		return [`${verdict} ${formatDate(new Date(record.at), timeZone)}`];
	});
	const future = isPast(entry, new Date()) ? [] : ['dated in the future'];
	const copies = (manifest?.copies ?? [])
		.filter(({ prunedAt }) => prunedAt === undefined)
		.map(({ place, lastSeenAt }) => `at ${place} ${formatDate(new Date(lastSeenAt), timeZone)}`);
	return [state, ...future, ...checks, ...copies].join(', ');
}
