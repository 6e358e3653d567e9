/** What decides how a server reads the statements that it is sent. */
export interface Reading {
	/** False: plain strings know backslashes, too. */
	standardStrings: boolean;
	/** PostgreSQL's name of the client's encoding, as somebody wrote it. */
	encoding: string;
}

/** As every dump begins, and every session that restores one. */
export const usualReading: Reading = { standardStrings: true, encoding: 'UTF8' };

/** Encodings in which the second byte of a character may look like a backslash (PostgreSQL: PG_ENCODING_IS_CLIENT_ONLY). */
const shiftJis = new Set(['sjis', 'shiftjis', 'mskanji', 'win932', 'windows932', 'shiftjis2004']);
const otherPairs = new Set(
	'big5 win950 windows950 gbk win936 windows936 uhc win949 windows949 gb18030'.split(' '),
);

/** A character of two bytes, as characters of one byte each. Half-width kana have one. */
const shiftJisPair = /[\x80-\xa0\xe0-\xff][^]/g;
const otherPair = /[\x80-\xff][^]/g;

function pairIn(encoding: string): RegExp | undefined {
	const name = encoding.toLowerCase().replace(/[^a-z0-9]/g, '');
	if (shiftJis.has(name)) return shiftJisPair;
	return otherPairs.has(name) ? otherPair : undefined;
}

/**
 * A text whose second bytes of characters look like nothing else, as psql does it before it looks for quotes.
 *
 * @param sql one character a byte, from the beginning of a character on
 */
export function withoutSecondBytes(sql: string, encoding: string): string {
	const pair = pairIn(encoding);
	return pair === undefined ? sql : sql.replace(pair, (both) => `${both.charAt(0)}\xff`);
}

/** Whether a byte begins a character of two; undefined where no second byte can be taken for another. */
export function firstOfTwo(encoding: string): ((code: number) => boolean) | undefined {
	switch (pairIn(encoding)) {
		case undefined:
			return undefined;
		case shiftJisPair:
			return (code) => code >= 0x80 && (code <= 0xa0 || code >= 0xe0);
		default:
			return (code) => code >= 0x80;
	}
}
