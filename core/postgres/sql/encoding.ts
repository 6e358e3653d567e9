import { isUtf8 } from 'node:buffer';
import { beginsWithAny } from './bytes';

/** PostgreSQL's names of encodings that Node knows under another name. LATIN1 is not among them: see {@link decodeText}. */
const labels: Record<string, string> = {
	LATIN2: 'iso-8859-2',
	LATIN3: 'iso-8859-3',
	LATIN4: 'iso-8859-4',
	LATIN5: 'windows-1254',
	LATIN6: 'iso-8859-10',
	LATIN7: 'iso-8859-13',
	LATIN8: 'iso-8859-14',
	LATIN9: 'iso-8859-15',
	LATIN10: 'iso-8859-16',
	ISO_8859_5: 'iso-8859-5',
	ISO_8859_6: 'iso-8859-6',
	ISO_8859_7: 'iso-8859-7',
	ISO_8859_8: 'iso-8859-8',
	KOI8R: 'koi8-r',
	KOI8U: 'koi8-u',
	WIN866: 'ibm866',
	EUC_CN: 'gbk',
	EUC_JP: 'euc-jp',
	EUC_KR: 'euc-kr',
};

/** The encoding that a statement `SET client_encoding = '…';` switches to; undefined for any other statement. */
export function encodingSetting(statement: Buffer): string | undefined {
	if (!beginsWithAny(statement, 's') || statement.length > 100) return undefined;
	return /^SET\s+client_encoding\s*=\s*'([^']+)'\s*;$/i.exec(statement.toString('latin1'))?.[1];
}

/**
 * Node's name of an encoding that PostgreSQL knows; undefined for those that Node does not know, for UTF8, and for
 * SQL_ASCII and LATIN1, which no decoder of the web's standard reads as PostgreSQL does.
 */
export function decoderLabel(encoding: string): string | undefined {
	const windows = /^WIN(\d+)$/.exec(encoding);
	return labels[encoding] ?? (windows ? `windows-${windows[1]}` : undefined);
}

/**
 * Text of a dump in one of PostgreSQL's encodings. In SQL_ASCII, which says nothing of bytes beyond ASCII, and in
 * encodings that Node does not know, each piece of them is UTF-8 where it can be, else one character a byte: two names
 * that differ stay different.
 */
export function decodeText(text: Buffer, encoding: string): string {
	// The standard of the web reads iso-8859-1 as windows-1252, which differs in 27 characters.
	if (encoding === 'LATIN1') return text.toString('latin1');
	const label = decoderLabel(encoding);
	if (label !== undefined) return new TextDecoder(label).decode(text);
	return text.toString('latin1').replace(/[\x80-\xff]+/g, (piece) => {
		const bytes = Buffer.from(piece, 'latin1');
		return isUtf8(bytes) ? bytes.toString('utf8') : piece;
	});
}

/**
 * Text as bytes in the encoding of a dump, to be compared with what the dump has or put in its place.
 *
 * @returns undefined for what that encoding cannot say
 */
export function encodeText(text: string, encoding: string): Buffer | undefined {
	const utf8 = Buffer.from(text, 'utf8');
	if (decodeText(utf8, encoding) === text) return utf8;
	const codes = codesOf(encoding);
	const bytes = [...text].map((character) => codes.get(character));
	return bytes.every((code) => code !== undefined) ? Buffer.concat(bytes) : undefined;
}

const knownCodes = new Map<string, Map<string, Buffer>>();

/** The bytes of every character of an encoding with one byte a character, or two (EUC). */
function codesOf(encoding: string): Map<string, Buffer> {
	const known = knownCodes.get(encoding);
	if (known) return known;
	const codes = new Map<string, Buffer>();
	const add = (...bytes: number[]) => {
		const code = Buffer.from(bytes);
		const character = decodeText(code, encoding);
		if ([...character].length === 1 && character !== '\uFFFD') codes.set(character, code);
	};
	for (let code = 0; code < 0x100; code++) add(code);
	if (encoding.startsWith('EUC_')) {
		for (let lead = 0x80; lead < 0x100; lead++)
			for (let trail = 0x80; trail < 0x100; trail++) add(lead, trail);
	}
	knownCodes.set(encoding, codes);
	return codes;
}
