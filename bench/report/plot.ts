import type { GrowthSeries } from '../harness/results.ts';

const width = 420;
const height = 260;
const margin = { left: 64, right: 16, top: 32, bottom: 40 };

interface Curve {
	name: string;
	points: Array<{ x: number; y: number }>;
}

/** Two plots a series, time and memory, both axes logarithmic: growth in proportion is a line of slope one. */
export function plotGrowth(series: readonly GrowthSeries[]): string {
	const plots = series.flatMap(({ of, points }) => [
		plot(`seconds by ${of}`, of, {
			name: 'time',
			points: points.map(({ x, seconds }) => ({ x, y: seconds })),
		}),
		plot(`peak memory in MB by ${of}`, of, {
			name: 'memory',
			points: points.map(({ x, peakMegabytes }) => ({ x, y: Math.max(peakMegabytes, 1) })),
		}),
	]);
	const placed = plots.map((content, index) => {
		const [column, row] = [index % 2, Math.floor(index / 2)];
		return `<g transform="translate(${column * width} ${row * height})">${content}</g>`;
	});
	const rows = Math.ceil(plots.length / 2);
	return (
		`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${2 * width} ${rows * height}" ` +
		`font-family="sans-serif" font-size="11">\n<rect width="100%" height="100%" fill="white"/>\n` +
		`${placed.join('\n')}\n</svg>\n`
	);
}

function plot(title: string, of: string, { points }: Curve): string {
	const xAxis = axis(
		points.map(({ x }) => x),
		margin.left,
		width - margin.right,
	);
	const yAxis = axis(
		points.map(({ y }) => y),
		height - margin.bottom,
		margin.top,
	);
	const xTicks = xAxis.ticks.map((value) => {
		const x = xAxis.place(value);
		return (
			`<line x1="${x}" x2="${x}" y1="${margin.top}" y2="${height - margin.bottom}" stroke="#ddd"/>` +
			`<text x="${x}" y="${height - margin.bottom + 15}" text-anchor="middle">${short(value)}</text>`
		);
	});
	const yTicks = yAxis.ticks.map((value) => {
		const y = yAxis.place(value);
		return (
			`<line x1="${margin.left}" x2="${width - margin.right}" y1="${y}" y2="${y}" stroke="#ddd"/>` +
			`<text x="${margin.left - 6}" y="${y + 4}" text-anchor="end">${short(value)}</text>`
		);
	});
	const path = points.map(({ x, y }) => `${xAxis.place(x)},${yAxis.place(y)}`).join(' ');
	const dots = points.map(
		({ x, y }) => `<circle cx="${xAxis.place(x)}" cy="${yAxis.place(y)}" r="3" fill="#0b6"/>`,
	);
	return [
		`<text x="${width / 2}" y="18" text-anchor="middle" font-weight="bold">${title}</text>`,
		...xTicks,
		...yTicks,
		`<polyline points="${path}" fill="none" stroke="#0b6" stroke-width="2"/>`,
		...dots,
		`<text x="${width / 2}" y="${height - 8}" text-anchor="middle">${of}</text>`,
	].join('\n');
}

/** A logarithmic axis over whole powers of ten, from one place on the paper to another. */
function axis(values: readonly number[], from: number, to: number) {
	const first = Math.floor(Math.log10(Math.min(...values)));
	const last = Math.max(first + 1, Math.ceil(Math.log10(Math.max(...values))));
	const ticks = Array.from({ length: last - first + 1 }, (_, index) => 10 ** (first + index));
	const place = (value: number) =>
		Math.round(from + ((Math.log10(value) - first) / (last - first)) * (to - from));
	return { ticks, place };
}

function short(value: number): string {
	if (value >= 1e9) return `${value / 1e9} G`;
	if (value >= 1e6) return `${value / 1e6} M`;
	if (value >= 1e3) return `${value / 1e3} k`;
	return String(value);
}
