/**
 * The table that a `COPY table (columns) FROM stdin;` fills, as the dump writes it: with its schema, and with
 * quotes where it needs them. This is what a census is keyed by.
 */
export function copyTarget(statement: Buffer | string): string {
	const text = typeof statement === 'string' ? statement : statement.toString('utf8');
	const name = /^COPY\s+((?:"(?:[^"]|"")*"|[^\s"(.])+(?:\s*\.\s*(?:"(?:[^"]|"")*"|[^\s"(.])+)*)/i.exec(text);
	return name?.[1] ?? '';
}
