import { decodeText } from './encoding';

const name = String.raw`(?:"(?:[^"]|"")*"|[^ \t\r\n"(.])+`;
const target = new RegExp(String.raw`^COPY[ \t\r\n]+(${name}(?:[ \t\r\n]*\.[ \t\r\n]*${name})*)`, 'i');

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
