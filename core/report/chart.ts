import { scaleLinear, scaleUtc } from 'd3-scale';
import { area, line } from 'd3-shape';
import { DateTime } from 'luxon';
import { html, type Html } from './html';

export interface Point {
	at: Date;
	value: number;
}

export interface ChartOptions {
	/** What is shown, for eyes and for screen readers. */
	title: string;
	/** The oldest first. */
	points: readonly Point[];
	/** A value as people read it. */
	format: (value: number) => string;
	/** IANA name of the zone that dates are shown in. */
	timeZone: string;
}

const size = { width: 420, height: 140 };
const plot = { left: 64, right: 408, top: 12, bottom: 112 };

/** A figure over time as inline SVG, in the colours of the page around it. It needs no script and no other file. */
export function chart({ title, points, format, timeZone }: ChartOptions): Html {
	const x = scaleUtc().domain(timesOf(points)).range([plot.left, plot.right]);
	const highest = Math.max(...points.map(({ value }) => value), 1);
	const y = scaleLinear().domain([0, highest]).nice(3).range([plot.bottom, plot.top]);
	const left = (point: Point) => x(point.at);
	const top = (point: Point) => y(point.value);
	const data = [...points];
	// Where values are small, several ticks would read the same.
	const ticks = y.ticks(3).filter((tick, index, all) => format(tick) !== format(all[index - 1] ?? NaN));
	const day = (at: Date) => DateTime.fromJSDate(at, { zone: timeZone }).toFormat('d LLL');
	const [first, last] = [points[0], points.at(-1)];
	const said =
		first && last
			? `From ${format(first.value)} on ${day(first.at)} to ${format(last.value)} on ${day(last.at)}.`
			: 'There is nothing to show yet.';
	return html`<svg viewBox="0 0 ${size.width} ${size.height}" role="img" aria-label="${title}. ${said}">
		${ticks.map(
			(tick) =>
				html`<line class="grid" x1="${plot.left}" x2="${plot.right}" y1="${y(tick)}" y2="${y(tick)}" />
					<text class="tick" x="${plot.left - 8}" y="${y(tick) + 4}" text-anchor="end"
						>${format(tick)}</text
					>`,
		)}
		${x
			.ticks(4)
			.map(
				(tick) =>
					html`<text class="tick" x="${x(tick)}" y="${plot.bottom + 18}" text-anchor="middle"
						>${day(tick)}</text
					>`,
			)}
		<path class="area" d="${area<Point>().x(left).y0(plot.bottom).y1(top)(data) ?? ''}" />
		<path class="line" d="${line<Point>().x(left).y(top)(data) ?? ''}" />
		${points.map((point) => html`<circle class="point" cx="${left(point)}" cy="${top(point)}" r="2.5" />`)}
	</svg>`;
}

/** From the first to the last; a day around them where they are the same. */
function timesOf(points: readonly Point[]): [Date, Date] {
	const halfDay = 12 * 3_600_000;
	const first = points[0]?.at.getTime() ?? 0;
	const last = points.at(-1)?.at.getTime() ?? first;
	return last > first
		? [new Date(first), new Date(last)]
		: [new Date(first - halfDay), new Date(first + halfDay)];
}
