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
