import type { Census, Manifest, PostgresCensus, TarCensus } from './manifest';

/** What a backup lacks of what the last full one of its series holds. */
export interface Shrinkage {
	/** It lost so much that something must have happened. One sentence for each thing, with before and after. */
	lost: string[];
	/** It may be rightly so, and somebody may want to know. */
	warnings: string[];
}

/** Fewer than these are tidied up by hand. */
const leastLoss = 3;

/**
 * Tables whose rows people make and miss, and which nothing empties by itself, as executions and logs are emptied. With
 * a table prefix, each name begins with it.
 */
const tablesThatMatter = [
	'workflow_entity',
	'credentials_entity',
	'user',
	'project',
	'project_relation',
	'shared_workflow',
	'shared_credentials',
];

/** Tables that make a database n8n's. */
const telling = ['workflow_entity', 'credentials_entity'] as const;

/**
 * Compares what two backups of a series hold. Of an n8n only the tables that matter count, each by itself; of other
 * databases all rows together with the size, and of directories the entries together with the size. What cannot be
 * compared has lost nothing.
 *
 * @param before the last full one
 */
export function findShrinkage(
	before: Pick<Manifest, 'census' | 'rawBytes'>,
	after: Pick<Manifest, 'census' | 'rawBytes'>,
): Shrinkage {
	const was = before.census;
	const is = after.census;
	if (was.kind === 'postgres' && is.kind === 'postgres') {
		return only(lostRows({ census: was, bytes: before.rawBytes }, { census: is, bytes: after.rawBytes }));
	}
	if (was.kind === 'tar' && is.kind === 'tar') return only(lostFiles(was, is));
	return { lost: [], warnings: emptiedRedis(was, is) };
}

function only(lost: string[]): Shrinkage {
	return { lost, warnings: [] };
}

/** Empty, or under half; a few of few are tidied up by hand. */
function hasCollapsed(before: number, after: number): boolean {
	if (after === 0) return before > 0;
	return after * 2 < before && before - after >= leastLoss;
}

interface Dumped {
	census: PostgresCensus;
	bytes: number;
}

function lostRows(before: Dumped, after: Dumped): string[] {
	const tables = lostOfN8n(before.census.tables, after.census.tables);
	if (tables) return tables;
	const was = before.census.rows;
	const is = after.census.rows;
	const isGone = is === 0 && was >= leastLoss;
	const isLess = hasCollapsed(was, is) && after.bytes * 2 < before.bytes;
	if (!isGone && !isLess) return [];
	return [`The database had ${was} rows in ${before.bytes} bytes and has ${is} in ${after.bytes}.`];
}

/** Of every n8n that was there; undefined where none was. */
function lostOfN8n(
	before: Readonly<Record<string, number>>,
	after: Readonly<Record<string, number>>,
	place = '',
): string[] | undefined {
	const was = withoutQuotes(before);
	const is = withoutQuotes(after);
	const ofN8n = [...was.keys()]
		.filter((name) => name.endsWith(telling[0]))
		.map((name) => name.slice(0, -telling[0].length))
		.filter((prefix) => telling.every((name) => was.has(`${prefix}${name}`)));
	if (ofN8n.length === 0) return undefined;
	return ofN8n.flatMap((prefix) =>
		tablesThatMatter.flatMap((name) => {
			const table = `${prefix}${name}`;
			const had = was.get(table) ?? 0;
			const has = is.get(table);
			if (!hasCollapsed(had, has ?? 0)) return [];
			const now = has === undefined ? 'is not in it any more' : `has ${has}`;
			return [`${table}${place} had ${had} ${had === 1 ? 'row' : 'rows'} and ${now}.`];
		}),
	);
}

/** A dump quotes what SQL would take for a word of its own, as `user`. */
function withoutQuotes(tables: Readonly<Record<string, number>>): Map<string, number> {
	return new Map(Object.entries(tables).map(([name, rows]) => [name.replaceAll('"', ''), rows]));
}

function lostFiles(before: TarCensus, after: TarCensus): string[] {
	const databases = lostDatabases(before, after);
	if (databases) return databases;
	const isLess = hasCollapsed(before.entries, after.entries) && hasCollapsed(before.bytes, after.bytes);
	// The directory itself is an entry.
	const isGone = after.bytes === 0 && before.bytes > 0 && before.entries - after.entries >= leastLoss;
	if (!isLess && !isGone) return [];
	return [
		`The directory had ${before.entries} entries with ${before.bytes} bytes and has ${after.entries} with ${after.bytes}.`,
	];
}

/** Of the databases that were n8n's; undefined where none was, and where an engine did not look into them. */
function lostDatabases(before: TarCensus, after: TarCensus): string[] | undefined {
	if (after.databases === undefined) return undefined;
	const lost = (before.databases ?? []).flatMap(({ path, tables }) => {
		if (tables === undefined) return [];
		const now = after.databases?.find((database) => database.path === path);
		return [lostOfN8n(tables, now?.tables ?? {}, ` in ${path}`)].filter((found) => found !== undefined);
	});
	return lost.length === 0 ? undefined : lost.flat();
}

/** A queue that is worked off is empty, and rightly so. */
function emptiedRedis(before: Census, after: Census): string[] {
	if (before.kind !== 'redis' || after.kind !== 'redis') return [];
	const { keys: was } = before;
	const { keys: is } = after;
	if (was === undefined || is === undefined || !hasCollapsed(was, is)) return [];
	return [
		`Redis had ${was} keys in the backup before and has ${is}; that is right where it is a queue that was worked off.`,
	];
}
