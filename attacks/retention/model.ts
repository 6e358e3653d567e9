import type { CatalogEntry } from '../../core/artifact/index.ts';
import type { PlanOptions } from '../../core/retention/index.ts';

/**
 * What docs/retention.md says, written down once more as sets and by other means: without the code that is tested,
 * without its calendar. Slow and plain.
 */

const dayMs = 24 * 60 * 60 * 1000;

const calendars = new Map<string, Intl.DateTimeFormat>();

/** `2026-11-23`, as the wall in that zone shows it. */
export function dayIn(timeZone: string, at: Date): string {
	const calendar =
		calendars.get(timeZone) ?? new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' });
	calendars.set(timeZone, calendar);
	return calendar.format(at);
}

function daysBefore(day: string, days: number): string {
	return new Date(Date.parse(`${day}T00:00Z`) - days * dayMs).toISOString().slice(0, 10);
}

/** The Monday that a day's week began with stands for the week. */
function weekOf(day: string): string {
	const weekday = (new Date(`${day}T00:00Z`).getUTCDay() + 6) % 7;
	return daysBefore(day, weekday);
}

/** One n8n's backups of one component and prefix. */
export function seriesOf(all: readonly CatalogEntry[], one: CatalogEntry): CatalogEntry[] {
	return all.filter(
		(other) =>
			other.component === one.component &&
			other.prefix === one.prefix &&
			other.manifest?.instanceId === one.manifest?.instanceId,
	);
}

function latest(entries: readonly CatalogEntry[]): CatalogEntry | undefined {
	return entries.reduce<CatalogEntry | undefined>(
		(found, entry) => (found === undefined || entry.at > found.at ? entry : found),
		undefined,
	);
}

/** Whether the rules may say anything of it. */
export function isJudged({ state, manifest }: CatalogEntry, options: PlanOptions): boolean {
	const owner = manifest?.instanceId;
	if (options.instanceId !== undefined && owner !== undefined && owner !== options.instanceId) return false;
	return (
		state === 'good' ||
		state === 'contradicted' ||
		state === 'shrunk' ||
		(state === 'unproven' && options.includeUnproven)
	);
}

/** What takes no place that a good one could have. */
function isBad(state: CatalogEntry['state']): boolean {
	return state === 'contradicted' || state === 'shrunk';
}

/** What no rule and no cap may take. */
export function mustStay(all: readonly CatalogEntry[], options: PlanOptions): Set<CatalogEntry> {
	const { now, timeZone, failedComponents } = options;
	const today = dayIn(timeZone, now);
	const stays = new Set<CatalogEntry>();
	for (const entry of all) {
		if (!isJudged(entry, options)) stays.add(entry);
		if (dayIn(timeZone, entry.at) === today) stays.add(entry);
		if (entry.name.includes(`_${today.replaceAll('-', '')}_`)) stays.add(entry);
		if (entry.at > now) stays.add(entry);
		if (failedComponents.includes(entry.component)) stays.add(entry);
		const judged = seriesOf(all, entry).filter((other) => isJudged(other, options) && other.at <= now);
		const good = latest(judged.filter(({ state }) => state === 'good'));
		const best = good ? [good] : [latest(judged), latest(judged.filter(({ state }) => !isBad(state)))];
		for (const one of best) if (one) stays.add(one);
		const losses = seriesOf(all, entry).filter(
			(other) => other.state === 'shrunk' && isJudged(other, options),
		);
		if (losses.some(({ at }) => good === undefined || at > good.at)) stays.add(entry);
	}
	return stays;
}

/** What the rules keep of the artifacts that they may judge. */
export function keptByRules(all: readonly CatalogEntry[], options: PlanOptions): Set<CatalogEntry> {
	const { now, timeZone, policy } = options;
	const kept = new Set<CatalogEntry>();
	for (const one of all) {
		const past = seriesOf(all, one)
			.filter((entry) => isJudged(entry, options) && entry.at <= now)
			.sort((a, b) => b.at.getTime() - a.at.getTime());
		const counted = past.filter(({ state }) => !isBad(state));
		const newest = counted[0] ?? past[0];
		if (newest && policy.keepDays > 0) {
			const since = daysBefore(dayIn(timeZone, newest.at), policy.keepDays);
			for (const entry of past) if (dayIn(timeZone, entry.at) >= since) kept.add(entry);
		}
		const days = counted.map((entry) => dayIn(timeZone, entry.at));
		const rules: Array<[count: number, periods: string[]]> = [
			[policy.keepLast, counted.map(({ name }) => name)],
			[policy.keepDaily, days],
			[policy.keepWeekly, days.map(weekOf)],
			[policy.keepMonthly, days.map((day) => day.slice(0, 7))],
			[policy.keepYearly, days.map((day) => day.slice(0, 4))],
		];
		for (const [count, periods] of rules) {
			const distinct = [...new Set(periods)];
			for (const period of distinct.slice(0, count)) kept.add(counted[periods.indexOf(period)]!);
			const oldest = counted.at(-1);
			if (distinct.length < count && oldest) kept.add(oldest);
		}
	}
	return kept;
}
