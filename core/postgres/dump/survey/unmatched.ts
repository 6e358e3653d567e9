import { BackupError } from '../../../errors';
import type { DumpScope } from './dumpScope';
import type { Match } from './questions';

/** How many similar names a message offers for one that nothing matches. */
const offered = 3;

/** Patterns that match nothing, in a sentence each, with what else it could be. */
export function describeUnmatched(
	scope: DumpScope,
	database: string,
	match: Match,
): { what: string; advice: string } {
	const isSchema = match.list === 'schemas' || match.list === 'excludeSchemas';
	const kind = isSchema ? 'schema' : 'table';
	const names = isSchema
		? scope.schemas.map(({ schema }) => schema)
		: [...scope.relations.values()].map(({ schema, name }) =>
				match.pattern.includes('.') ? `${schema}.${name}` : name,
			);
	const nearest = nearestNames(match.pattern.replaceAll('"', ''), names);
	return {
		what: `No ${kind} of “${database}” matches “${match.pattern}”`,
		advice: `${nearest.length > 0 ? `Did you mean ${nearest.join(', ')}? ` : ''}Correct the name; names with capitals need double quotes, and tables outside of the search path their schema`,
	};
}

/** Lists that choose: pg_dump fails when one of their patterns matches nothing, whatever else is asked for. */
const choosing = ['schemas', 'tables'];

/**
 * Looks for misspelt patterns, which would leave too much or too little out of every backup.
 *
 * @param exclusions whether a pattern that is to leave something out may match nothing, as where several databases
 * are dumped with the same ones
 * @returns what was let pass
 * @throws BackupError `bad-parameter`
 */
export function assertNamesMatch(scope: DumpScope, database: string, exclusions: 'fail' | 'warn'): string[] {
	const unmatched = scope.matches.filter(({ ids }) => ids.length === 0);
	return unmatched.map((match) => {
		const { what, advice } = describeUnmatched(scope, database, match);
		if (exclusions === 'warn' && !choosing.includes(match.list)) return what;
		throw new BackupError('bad-parameter', what, { advice });
	});
}

/** Names that a few slips of the keyboard make out of what was written, the nearest first. */
export function nearestNames(written: string, names: readonly string[]): string[] {
	const limit = Math.max(2, Math.floor(written.length / 3));
	return [...new Set(names)]
		.map((name) => ({ name, distance: editDistance(written.toLowerCase(), name.toLowerCase()) }))
		.filter(({ distance }) => distance <= limit)
		.sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
		.slice(0, offered)
		.map(({ name }) => name);
}

/** Levenshtein's distance: letters to insert, delete or replace. */
function editDistance(from: string, to: string): number {
	let row = Array.from({ length: to.length + 1 }, (_, index) => index);
	for (let i = 1; i <= from.length; i++) {
		const next = [i];
		for (let j = 1; j <= to.length; j++) {
			const replaced = row[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1);
			next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
		}
		row = next;
	}
	return row[to.length]!;
}
