import type { GrowthSeries, ProcessRow, Results, Row, Unit } from '../harness/results.ts';

const begin = '<!-- results:begin -->';
const end = '<!-- results:end -->';

/** Puts the tables between the README's two marks. Nothing there is written by hand. */
export function fillIn(readme: string, results: Results): string {
	const [from, to] = [readme.indexOf(begin), readme.indexOf(end)];
	if (from === -1 || to === -1) throw new Error('bench/README.md has lost the marks around its tables');
	return `${readme.slice(0, from)}${begin}\n\n${toMarkdown(results)}\n\n${readme.slice(to)}`;
}

export function toMarkdown(results: Results): string {
	return [
		`Made by \`npm run bench${results.mode === 'full' ? '' : ` -- --${results.mode}`}\` on ${results.at}, in ` +
			`${results.minutes.toFixed(0)} minutes. ${list(results.machine)}. ${list(results.versions)}.`,
		...(results.again ?? []).map(
			({ parts, mode, at }) => `Measured again (${mode}): ${parts.join(', ')}, on ${at}.`,
		),
		...results.missing,
		'### Against others',
		table(['work', 'peer', 'work', 'peer', 'ratio', 'limit', 'met'], results.rows.map(formatRow)),
		'Medians of the rounds, in brackets the fastest and the slowest.',
		'### Memory and event loop',
		table(
			['work', 'peak above idle', 'event loop delay, p99', 'processor time by thread'],
			results.processes.map(formatProcess),
		),
		'### As work grows',
		...results.growth.flatMap(formatGrowth),
		'![Time and peak memory as work grows](growth.svg)',
	].join('\n\n');
}

function formatRow({ work, peer, ratio, unit, limit, met, medians, spread }: Row): string[] {
	return [
		work,
		`\`${peer}\``,
		withSpread(medians.work, spread.work, unit),
		medians.peer === null || spread.peer === null ? '' : withSpread(medians.peer, spread.peer, unit),
		unit === 'times' ? ratio.toFixed(2) : `${ratio.toFixed(0)} ${unit}`,
		limit === null ? '' : unit === 'times' ? String(limit) : `${limit} ${unit}`,
		met === null ? '' : met ? 'yes' : '**no**',
	];
}

function withSpread(median: number, [least, most]: [number, number], unit: Unit): string {
	const digits = unit === 'times' ? 2 : 0;
	const name = unit === 'times' ? 's' : unit;
	return `${median.toFixed(digits)} ${name} (${least.toFixed(digits)}–${most.toFixed(digits)})`;
}

function formatProcess({ work, peakMegabytes, loopDelayMs, threads }: ProcessRow): string[] {
	const times = Object.entries(threads).map(([name, seconds]) => `${name} ${seconds.toFixed(2)} s`);
	return [work, `${peakMegabytes.toFixed(0)} MB`, `${loopDelayMs.toFixed(1)} ms`, times.join(', ')];
}

function formatGrowth({ work, of, points, exponent }: GrowthSeries): string[] {
	const rows = points.map(({ x, seconds, peakMegabytes }) => [
		x.toLocaleString('en'),
		`${seconds.toFixed(2)} s`,
		`${peakMegabytes.toFixed(0)} MB`,
	]);
	const note = exponent === null ? [] : [`Time grows with the power ${exponent.toFixed(2)} of the ${of}.`];
	return [`**${work}**`, table([of, 'time', 'peak above idle'], rows), ...note];
}

function table(head: string[], rows: string[][]): string {
	const line = (cells: string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
	return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function list(facts: Record<string, string | number>): string {
	return Object.entries(facts)
		.map(([name, value]) => `${name} ${value}`)
		.join(', ');
}
