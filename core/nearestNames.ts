/** How many names are offered at most. */
const offered = 3;

/** The names that are most like one, for somebody who mistyped it; the nearest first. Schemas and quotes count little. */
export function nearestNames(wanted: string, names: Iterable<string>): string[] {
	const bare = (name: string) => name.toLowerCase().replaceAll('"', '');
	const last = (name: string) => bare(name).split('.').at(-1) ?? '';
	const distanceTo = (name: string) =>
		Math.min(distance(bare(wanted), bare(name)), distance(last(wanted), last(name)) + 1);
	const allowed = Math.max(2, Math.floor(last(wanted).length / 3));
	return [...names]
		.map((name) => ({ name, distance: distanceTo(name) }))
		.filter(({ distance: far }) => far <= allowed)
		.sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
		.slice(0, offered)
		.map(({ name }) => name);
}

/** How many letters have to be changed, put in or taken out (Levenshtein). */
function distance(one: string, other: string): number {
	let row = Array.from({ length: other.length + 1 }, (_, at) => at);
	for (const [at, letter] of [...one].entries()) {
		const next = [at + 1];
		for (let to = 0; to < other.length; to++) {
			const replaced = (row[to] ?? 0) + (letter === other[to] ? 0 : 1);
			next.push(Math.min(replaced, (row[to + 1] ?? 0) + 1, (next[to] ?? 0) + 1));
		}
		row = next;
	}
	return row[other.length] ?? 0;
}
