import type { JsonValue, QueryAnswer } from '../../core/query/answer';
import { formatTable } from './table';

/** `json`: an object a line. */
export const rowFormats = ['table', 'json', 'csv'] as const;
export type RowFormat = (typeof rowFormats)[number];

/** Characters of a cell that a table shows. */
const shownLength = 60;

/** Rows for people or programs; nothing where there are none, but for the columns of a table or of CSV. */
export function formatRows({ columns, rows }: QueryAnswer, format: RowFormat): string {
	const cells = (write: (value: JsonValue) => string) =>
		rows.map((row) => columns.map((column) => write(row[column] ?? null)));
	switch (format) {
		case 'json':
			return rows.map((row) => safeJson(row)).join('\n');
		case 'csv':
			return [columns.map(csvField), ...cells(csvField)].map((row) => row.join(',')).join('\n');
		case 'table':
			return formatTable([columns, ...cells((value) => shortened(textOf(value)))]);
	}
}

function textOf(value: JsonValue): string {
	if (value === null) return '';
	return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** What a terminal would obey is written as an escape, which JSON reads as the same character. */
function safeJson(value: JsonValue): string {
	return JSON.stringify(value).replace(
		/[\p{Cc}\u200E\u200F\u2028-\u202E\u2066-\u2069]/gu,
		(character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
	);
}

/** RFC 4180; an empty text has quotes, which is how PostgreSQL tells it from nothing. */
function csvField(value: JsonValue): string {
	const text = textOf(value);
	return value === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function shortened(text: string): string {
	return text.length > shownLength ? `${text.slice(0, shownLength - 1)}…` : text;
}
