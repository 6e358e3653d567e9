import type { DumpScope } from './dumpScope';
import type { Relation } from './questions';

/**
 * Tables whose rows are dumped although they refer, directly or through others, to tables whose definition is dumped
 * and whose rows are not: their foreign keys could not be restored.
 */
export function danglingTables(scope: DumpScope): Relation[] {
	const withRows = scope.withRows();
	const kept = new Set(withRows.map(({ id }) => id));
	const emptied = new Set(
		scope
			.dumped()
			.filter(({ id, kind }) => kind === 'r' && !kept.has(id))
			.map(({ id }) => id),
	);
	const dangling: Relation[] = [];
	for (let isDone = false; !isDone;) {
		const more = withRows.filter(
			({ id, refersTo }) => !emptied.has(id) && refersTo.some((to) => emptied.has(to)),
		);
		more.forEach(({ id }) => emptied.add(id));
		dangling.push(...more);
		isDone = more.length === 0;
	}
	return dangling;
}
