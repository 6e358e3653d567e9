import type { PostgresCensus } from '../../../artifact';
import { BackupError } from '../../../errors';
import { identifier, quoteIdentifier, unquote } from '../../sql';
import type { DumpScope } from './dumpScope';

/** How many missing tables a message names. */
const named = 5;

/**
 * Holds a census against what the server had. Tables that were there before the dump began and still are when it has
 * ended were there in its snapshot: each of them must have been counted.
 *
 * @throws BackupError `incomplete`
 */
export function assertNoTableMissing(
	database: string,
	{ before, after }: { before: DumpScope; after: DumpScope },
	census: PostgresCensus,
): void {
	const counted = new Set(Object.keys(census.tables).map(canonicalName));
	const stillThere = new Set(after.withRows().map(({ id }) => id));
	const expected = before.withRows().filter(({ id }) => stillThere.has(id));
	const missing = expected.filter(({ id, name, schema, partitionOf }) => {
		// Names that are not in any encoding cannot be compared.
		if (`${schema}${name}`.includes('\uFFFD')) return false;
		// Rows of a partition may be dumped as its ancestor's.
		const places = [id, ...partitionOf].flatMap((place) => [
			before.relations.get(place),
			after.relations.get(place),
		]);
		return !places.some((place) => place && counted.has(quotedName(place)));
	});
	if (missing.length === 0) return;
	const names = missing.slice(0, named).map(quotedName).join(', ');
	const more = missing.length > named ? ` and ${missing.length - named} more` : '';
	throw new BackupError(
		'incomplete',
		`The dump of “${database}” lacks ${missing.length} of the ${expected.length} tables that were there when it began: ${names}${more}`,
		{ advice: 'Run it again; if it happens again, report it with the definition of such a table' },
	);
}

/** Every part in quotes, whatever the server or its pg_dump would have quoted. */
function canonicalName(written: string): string {
	const parts = written.match(new RegExp(identifier, 'g')) ?? [];
	return parts.map((part) => quoteIdentifier(unquote(part))).join('.');
}

export function quotedName({ schema, name }: { schema: string; name: string }): string {
	return `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}
