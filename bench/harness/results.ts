import { readFileSync } from 'node:fs';
import type { WatchedJob } from './jobs.ts';
import type { Times } from './race.ts';
import { median, spread } from './statistics.ts';
import type { ThreadTimes } from './threads.ts';

/** What a row's `ratio` counts: how many times as long as the peer, or an amount of its own. */
export type Unit = 'times' | 'MB' | 'ms';

/** One line of the table: work of ours beside a peer's. */
export interface Row {
	work: string;
	peer: string;
	/** Our median by the peer's; for the units MB and ms the amount itself. */
	ratio: number;
	unit: Unit;
	/** The most that it may be; null where nothing was promised. */
	limit: number | null;
	/** Null where there is no limit. */
	met: boolean | null;
	/** In seconds, or in the unit. The peer's is null where there is nothing to run. */
	medians: { work: number; peer: number | null };
	/** Smallest and largest. */
	spread: { work: [number, number]; peer: [number, number] | null };
}

/** What one kind of work needed beside time. */
export interface ProcessRow {
	work: string;
	/** The highest of all rounds. */
	peakMegabytes: number;
	/** The median of the rounds' 99th percentiles. */
	loopDelayMs: number;
	/** Processor time by thread in the round of the median time. */
	threads: ThreadTimes;
}

export interface GrowthPoint {
	/** Bytes, tables or databases. */
	x: number;
	seconds: number;
	peakMegabytes: number;
}

export interface GrowthSeries {
	work: string;
	/** What grows. */
	of: 'bytes' | 'tables' | 'databases';
	points: GrowthPoint[];
	/** Of seconds over x, by {@link growthExponent}; null for less than two points. */
	exponent: number | null;
}

export interface Results {
	mode: 'quick' | 'full' | 'huge';
	at: string;
	minutes: number;
	machine: Record<string, string | number>;
	versions: Record<string, string>;
	rows: Row[];
	processes: ProcessRow[];
	growth: GrowthSeries[];
	/** Peers that were not measured, and why. */
	missing: string[];
	/** Parts that were measured later than the rest. */
	again?: Array<{ parts: readonly string[]; mode: Results['mode']; at: string }>;
}

interface Limit {
	work: string;
	peer: string;
	limit: number;
	unit?: Unit;
}

const limits = JSON.parse(readFileSync(new URL('../limits.json', import.meta.url), 'utf8')) as Limit[];

/** Sets a work's times beside a peer's. */
export function compare(work: Times, peer: Times): Row {
	const medians = { work: median(work.seconds), peer: median(peer.seconds) };
	return judge({
		work: work.name,
		peer: peer.name,
		ratio: medians.work / medians.peer,
		unit: 'times',
		medians,
		spread: { work: spread(work.seconds), peer: spread(peer.seconds) },
	});
}

/** Sets an amount beside its limit. */
function amount(work: string, unit: Unit, values: readonly number[]): Row {
	const highest = Math.max(...values);
	return judge({
		work,
		peer: 'an idle process',
		ratio: highest,
		unit,
		medians: { work: median(values), peer: null },
		spread: { work: spread(values), peer: null },
	});
}

export function processRow(work: string, measured: readonly WatchedJob[]): ProcessRow {
	const bySeconds = [...measured].sort((a, b) => a.seconds - b.seconds);
	return {
		work,
		peakMegabytes: Math.max(...measured.map(({ peakBytes }) => peakBytes)) / 1e6,
		loopDelayMs: median(measured.map(({ loopDelayMs }) => loopDelayMs)),
		threads: bySeconds[Math.floor(bySeconds.length / 2)]?.threads ?? {},
	};
}

/** Puts what was measured again in the place of what it replaces. */
export function renew(
	earlier: Results,
	{ rows, processes, growth, mode, at }: Results,
	parts: readonly string[],
): Results {
	const stillNews = (earlier.again ?? []).filter(
		(entry) => !entry.parts.every((part) => parts.includes(part)),
	);
	return {
		...earlier,
		rows: [
			...earlier.rows.map((row) => rows.find((other) => isSame(row, other)) ?? row),
			...rows.filter((row) => !earlier.rows.some((other) => isSame(row, other))),
		],
		processes: [
			...earlier.processes.map((row) => processes.find(({ work }) => work === row.work) ?? row),
			...processes.filter(({ work }) => !earlier.processes.some((row) => row.work === work)),
		],
		growth: earlier.growth.map((series) => growth.find(({ of }) => of === series.of) ?? series),
		again: [...stillNews, { parts, mode, at }],
	};
}

/** The work that has a process of its own, with a PostgreSQL in it, and a limit of its own. */
export const drillInside = 'Drill of a gzip dump, inside n8n';

/** Adds what holds for all the work together, in place of what was said of it before. */
export function withSummary(results: Results): Results {
	const { processes, growth } = results;
	const drills = processes.filter(({ work }) => work === drillInside);
	const others = processes.filter(({ work }) => work !== drillInside);
	const peaks = [...others, ...growth.flatMap(({ points }) => points)];
	const megabytes = ({ peakMegabytes }: { peakMegabytes: number }) => peakMegabytes;
	const summary = [
		...(drills.length === 0
			? []
			: [amount('Peak memory above idle, drill inside n8n', 'MB', drills.map(megabytes))]),
		amount('Peak memory above idle, the highest of all', 'MB', peaks.map(megabytes)),
		amount(
			'Event loop delay, p99, the longest of all',
			'ms',
			processes.map(({ loopDelayMs }) => loopDelayMs),
		),
	];
	const rows = results.rows.filter((row) => !summary.some((other) => isSame(row, other)));
	return { ...results, rows: [...rows, ...summary] };
}

const isSame = (one: Row, other: Row): boolean => one.work === other.work && one.peer === other.peer;

function judge(row: Omit<Row, 'limit' | 'met'>): Row {
	const limit = limits.find(({ work, peer }) => work === row.work && peer === row.peer)?.limit ?? null;
	return { ...row, limit, met: limit === null ? null : row.ratio <= limit };
}
