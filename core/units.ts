import { DateTime } from 'luxon';

const units = ['B', 'kB', 'MB', 'GB', 'TB'];

/** Bytes in decimal units: `12.3 MB`. */
export function formatBytes(bytes: number): string {
	let value = bytes;
	let unit = 0;
	while (value >= 999.95 && unit < units.length - 1) {
		value /= 1000;
		unit++;
	}
	return `${unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** A span of time in its largest fitting unit: `850 ms`, `9 s`, `3 min 20 s`, `2 h 5 min`. */
export function formatDuration(milliseconds: number): string {
	const rounded = Math.max(0, Math.round(milliseconds));
	if (rounded < 1000) return `${rounded} ms`;
	const seconds = Math.round(rounded / 1000);
	if (seconds < 60) return `${seconds} s`;
	const minutes = Math.floor(seconds / 60);
	if (minutes < 60) return joinUnits(minutes, 'min', seconds % 60, 's');
	return joinUnits(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
}

function joinUnits(large: number, unit: string, small: number, smallUnit: string): string {
	return small === 0 ? `${large} ${unit}` : `${large} ${unit} ${small} ${smallUnit}`;
}

/** A number with its thousands apart: `41,233`. */
export function formatCount(count: number): string {
	return count.toLocaleString('en-US');
}

/** An instant as a clock in that zone shows it: `2026-11-23 02:00:00`. */
export function formatDate(date: Date, timeZone: string): string {
	return DateTime.fromJSDate(date, { zone: timeZone }).toFormat('yyyy-MM-dd HH:mm:ss');
}

/** A count with its noun: `1 row`, `2 rows`. */
export function plural(count: number, one: string, many = `${one}s`): string {
	return `${formatCount(count)} ${count === 1 ? one : many}`;
}
