import { printableLine } from '../../core/errors';

/** Rows as lines with aligned columns, the first row being the headings. The last column is not padded. */
export function formatTable(cells: readonly string[][]): string {
	const rows = cells.map((row) => row.map(printableLine));
	const widths: number[] = [];
	for (const row of rows) {
		for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
	}
	return rows
		.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))
		.map((line) => line.trimEnd())
		.join('\n');
}
