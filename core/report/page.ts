import { DateTime } from 'luxon';
import type { CatalogEntry } from '../artifact';
import { formatBytes, formatDate, formatDuration, plural } from '../units';
import { chart } from './chart';
import { html, Html, type HtmlValue } from './html';
import {
	durationMs,
	isAllGood,
	type CheckedBackup,
	type Health,
	type Report,
	type SeriesReport,
} from './report';
import { style } from './style';
import { componentWords, describeCheck } from './words';

/** The most backups of a series whose figures are listed; the charts show all. */
const longestList = 30;

const healthWords: Record<Health, string> = {
	good: 'Good',
	late: 'Late',
	failed: 'Failed',
	shrunk: 'Shrunk',
	unknown: 'Unknown',
};

/** The report as one HTML page: no script, nothing fetched, light and dark. */
export function formatPage(report: Report): string {
	const { root, at, timeZone, series } = report;
	const page = html`<!doctype html>
		<html lang="en">
			<head>
				<meta charset="utf-8" />
				<meta name="viewport" content="width=device-width, initial-scale=1" />
				<meta name="color-scheme" content="light dark" />
				<title>${titleOf(report)}</title>
				<style>
					${new Html(style)}
				</style>
			</head>
			<body>
				<header>
					<h1>${titleOf(report)}</h1>
					<p>${root}, ${formatDate(at, timeZone)} (${timeZone})</p>
				</header>
				<main>
					${overview(report)} ${series.map((one) => seriesSection(one, report))} ${keySection(report)}
					${spaceSection(report)} ${leavingSection(report)} ${failuresSection(report)}
				</main>
			</body>
		</html>`;
	return `${page.text}\n`;
}

function titleOf(report: Report): string {
	const { series } = report;
	if (series.length === 0) return 'There are no backups';
	if (isAllGood(report))
		return series.length === 1 ? 'The backup is good' : `All ${series.length} backups are good`;
	const bad = series.filter(({ health }) => health !== 'good').length;
	return `${bad} of ${plural(series.length, 'backup')} ${bad === 1 ? 'needs' : 'need'} a look`;
}

function nameOf({ component, prefix }: SeriesReport): string {
	return `${componentWords[component]} ${prefix}`;
}

function overview({ series, timeZone, at }: Report): Html {
	const rows = series.map((one) => {
		const { health, newestGood, verified, drilled, copies } = one;
		return html`<tr>
			<th scope="row">${nameOf(one)}</th>
			<td>${badge(health)}</td>
			<td>${newestGood ? dateAndAge(newestGood.at, at, timeZone) : 'never'}</td>
			<td class="number">${newestGood ? formatBytes(newestGood.storedBytes) : ''}</td>
			<td class="number">${newestGood ? formatDuration(durationMs(newestGood)) : ''}</td>
			<td>${checked(verified, timeZone)}</td>
			<td>${checked(drilled, timeZone)}</td>
			<td>${copiesIn(copies, timeZone)}</td>
		</tr>`;
	});
	const headings = [
		'Backup',
		'State',
		'Last good',
		'Size',
		'Took',
		'Verified',
		'Restored as a drill',
		'Copies',
	];
	return table('What there is', headings, rows);
}

function seriesSection(one: SeriesReport, { timeZone }: Report): Html {
	const { history, problems, drilled } = one;
	const points = (valueOf: (entry: CatalogEntry) => number) =>
		history.map((entry) => ({ at: entry.at, value: valueOf(entry) }));
	const rows = history
		.slice(-longestList)
		.reverse()
		.map(
			(entry) =>
				html`<tr>
					<td>${entry.name}</td>
					<td>${formatDate(entry.at, timeZone)}</td>
					<td class="number">${formatBytes(entry.storedBytes)}</td>
					<td class="number">${formatDuration(durationMs(entry))}</td>
					<td>${entry.state}</td>
				</tr>`,
		);
	return html`<section>
		<h2>${nameOf(one)} ${badge(one.health)}</h2>
		${problems.map((problem) => html`<p class="problem">${problem}</p>`)}
		<div class="charts">
			<figure>
				<figcaption>Size</figcaption>
				${chart({
					title: `Size of ${nameOf(one)}`,
					points: points(({ storedBytes }) => storedBytes),
					format: formatBytes,
					timeZone,
				})}
			</figure>
			<figure>
				<figcaption>Duration</figcaption>
				${chart({
					title: `Duration of ${nameOf(one)}`,
					points: points(durationMs),
					format: formatDuration,
					timeZone,
				})}
			</figure>
		</div>
		${drilled ? details(`Restored as a drill: ${drilled.name}`, list(drilled.record.findings)) : undefined}
		${details(
			plural(history.length, 'backup'),
			table(undefined, ['Name', 'Begun', 'Size', 'Took', 'State'], rows),
		)}
	</section>`;
}

function keySection({ key: { foundIn, missingIn } }: Report): Html {
	const found = foundIn.length > 0;
	return html`<section>
		<h2>Encryption key ${badge(found ? 'good' : 'unknown')}</h2>
		<p>
			${
				found
					? `n8n’s encryption key is in ${foundIn.join(', ')}. Whether it fits the database is what the drill tells.`
					: 'n8n’s encryption key is in none of the newest backups. Without it every stored credential is lost.'
			}
		</p>
		${missingIn.length > 0 ? html`<p>It is not in ${missingIn.join(', ')}.</p>` : undefined}
	</section>`;
}

function spaceSection({ space }: Report): Html {
	return html`<section>
		<h2>Disk</h2>
		<p>${space ? describeSpace(space) : 'The file system does not say how much is free.'}</p>
	</section>`;
}

function describeSpace({ freeBytes, nightBytes }: NonNullable<Report['space']>): string {
	const free = `${formatBytes(freeBytes)} are free.`;
	if (nightBytes === 0) return free;
	const nights = Math.floor(freeBytes / nightBytes);
	return `${free} One night takes ${formatBytes(nightBytes)}, so that lasts ${plural(nights, 'night')} if nothing is deleted.`;
}

function leavingSection({ leaving, timeZone }: Report): Html {
	const rows = leaving.map(
		({ entry, reasons }) =>
			html`<tr>
				<td>${entry.component}/${entry.name}</td>
				<td>${formatDate(entry.at, timeZone)}</td>
				<td class="number">${formatBytes(entry.storedBytes)}</td>
				<td>${reasons.join(', ')}</td>
			</tr>`,
	);
	return html`<section>
		<h2>What the next prune deletes</h2>
		${rows.length === 0 ? html`<p>Nothing.</p>` : table(undefined, ['Name', 'Begun', 'Size', 'Why'], rows)}
	</section>`;
}

function failuresSection({ failedRuns, timeZone }: Report): Html {
	const rows = failedRuns.slice(0, longestList).map(
		({ component, prefix, at, what, advice }) =>
			html`<tr>
				<td>${formatDate(new Date(at), timeZone)}</td>
				<td>${componentWords[component]} ${prefix}</td>
				<td>${what} ${advice}</td>
			</tr>`,
	);
	return html`<section>
		<h2>Runs that failed</h2>
		${rows.length === 0 ? html`<p>None on record.</p>` : table(undefined, ['When', 'Backup', 'Why'], rows)}
	</section>`;
}

function table(caption: string | undefined, headings: readonly string[], rows: readonly Html[]): Html {
	return html`<div class="scroll" tabindex="0">
		<table>
			${
				caption === undefined
					? undefined
					: html`<caption>
							${caption}
						</caption>`
			}
			<thead>
				<tr>
					${headings.map((heading) => html`<th scope="col">${heading}</th>`)}
				</tr>
			</thead>
			<tbody>
				${rows}
			</tbody>
		</table>
	</div>`;
}

function details(summary: string, content: HtmlValue): Html {
	return html`<details>
		<summary>${summary}</summary>
		${content}
	</details>`;
}

function list(lines: readonly string[]): Html {
	return html`<ul>
		${lines.map((line) => html`<li>${line}</li>`)}
	</ul>`;
}

function badge(health: Health): Html {
	return html`<span class="badge ${health}">${healthWords[health]}</span>`;
}

function checked(backup: CheckedBackup | undefined, timeZone: string): string {
	return backup ? describeCheck(backup.record, timeZone) : 'never';
}

/** Where copies are, and when each was last seen there. */
function copiesIn(copies: SeriesReport['copies'], timeZone: string): string {
	if (copies.length === 0) return 'none';
	const seen = ({ place, lastSeenAt }: (typeof copies)[number]) =>
		`${place}, seen ${formatDate(new Date(lastSeenAt), timeZone)}`;
	return copies.map(seen).join('; ');
}

function dateAndAge(at: Date, now: Date, timeZone: string): string {
	const age = DateTime.fromJSDate(at).toRelative({ base: DateTime.fromJSDate(now), locale: 'en' });
	return `${formatDate(at, timeZone)}, ${age}`;
}
