import { type CatalogEntry, countsOf, isPast } from '../../core/artifact';
import { presentCopies } from '../../core/report/words';
import { formatDate, plural } from '../../core/units';

/** A catalog entry for programs: dates as ISO 8601, everything else as the catalog has it. */
export function entryJson({ at, ...entry }: CatalogEntry): object {
	return { ...entry, at: at.toISOString() };
}

/** What an artifact holds, as its census says; `?` where no manifest does. */
export function whatItHolds({ manifest }: Pick<CatalogEntry, 'manifest'>): string {
	const census = manifest?.census;
	if (census === undefined) return '?';
	if (census.kind === 'file') return '1 file';
	const { rows = 0, tables, entries, keys } = countsOf(census);
	if (entries !== undefined) return plural(entries, 'entry', 'entries');
	if (tables !== undefined) return `${plural(rows, 'row')} in ${plural(tables, 'table')}`;
	return keys === undefined ? '?' : plural(keys, 'key');
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
	const copies = presentCopies(manifest?.copies).map(
		({ place, lastSeenAt }) => `at ${place} ${formatDate(new Date(lastSeenAt), timeZone)}`,
	);
	return [state, ...future, ...checks, ...copies].join(', ');
}
