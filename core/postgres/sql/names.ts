import { decodeText } from './encoding';

/** Parts of regular expressions for SQL as pg_dump writes it: keywords in capitals, one space between them. */

/** One identifier, quoted where it needs to be. A byte beyond ASCII that looks like a space to JavaScript is none. */
export const identifier = String.raw`(?:"(?:[^"]|"")+"|[^ \t\r\n\f\v"().,;]+)`;

/** An identifier with or without its schema. */
export const qualifiedName = String.raw`${identifier}(?:\.${identifier})*`;

/** Identifiers separated by commas. */
export const identifierList = String.raw`${identifier}(?:, ${identifier})*`;

/** The name that an identifier stands for: unquoted ones are as they are, since pg_dump never folds case. */
export function unquote(written: string): string {
	return written.startsWith('"') ? written.slice(1, -1).replaceAll('""', '"') : written;
}

/** A name as an identifier that is safe anywhere. */
export function quoteIdentifier(name: string): string {
	return `"${name.replaceAll('"', '""')}"`;
}

/** A text as a literal that is safe anywhere. */
export function quoteLiteral(text: string): string {
	const quoted = `'${text.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`;
	return text.includes('\\') ? `E${quoted}` : quoted;
}

const target = new RegExp(
	String.raw`^COPY[ \t\r\n]+(${identifier}(?:[ \t\r\n]*\.[ \t\r\n]*${identifier})*)`,
	'i',
);

/**
 * The table that a `COPY table (columns) FROM stdin;` fills, as the dump writes it: with its schema, and with
 * quotes where it needs them. This is what a census is keyed by.
 *
 * @param encoding PostgreSQL's name of the encoding that the dump is written in
 */
export function copyTarget(statement: Buffer, encoding = 'UTF8'): string {
	const written = target.exec(statement.toString('latin1'))?.[1] ?? '';
	return decodeText(Buffer.from(written, 'latin1'), encoding);
}
