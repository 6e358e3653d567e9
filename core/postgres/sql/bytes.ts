/** The bytes that SQL's lexical rules turn on. All of them are ASCII, so they never occur inside a UTF-8 sequence. */
export const byte = {
	newline: 0x0a,
	carriageReturn: 0x0d,
	doubleQuote: 0x22,
	dollar: 0x24,
	singleQuote: 0x27,
	openParenthesis: 0x28,
	closeParenthesis: 0x29,
	asterisk: 0x2a,
	dash: 0x2d,
	dot: 0x2e,
	slash: 0x2f,
	semicolon: 0x3b,
	backslash: 0x5c,
} as const;

const otherByte = 0;
const spaceByte = 1;
const digitByte = 2;
const letterByte = 3;

/** One look-up a byte. As in PostgreSQL's scan.l, every byte above ASCII can be part of an identifier. */
const classes = Uint8Array.from({ length: 256 }, (_, code) => {
	if (code === 0x20 || (code >= 0x09 && code <= 0x0d)) return spaceByte;
	if (code >= 0x30 && code <= 0x39) return digitByte;
	if ((code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a)) return letterByte;
	return code === 0x5f || code >= 0x80 ? letterByte : otherByte;
});

/** Whether it separates tokens. As all of these it takes what a buffer has at a position: undefined behind its end. */
export function isSpace(code: number | undefined): boolean {
	return classOf(code) === spaceByte;
}

export function isDigit(code: number | undefined): boolean {
	return classOf(code) === digitByte;
}

/** Whether there is nothing else between two positions. */
export function isDigits(buffer: Buffer, from: number, to: number): boolean {
	let at = from;
	while (at < to && isDigit(buffer[at])) at++;
	return at >= to;
}

/** Whether an identifier can begin with it. */
export function isWordStart(code: number | undefined): boolean {
	return classOf(code) === letterByte;
}

/** Whether an identifier can go on with it. */
export function isWordPart(code: number | undefined): boolean {
	return classOf(code) >= digitByte || code === byte.dollar;
}

function classOf(code = -1): number {
	return classes[code] ?? otherByte;
}

/** Where the word at `from` ends: the first byte that is no part of it, or the end of the buffer. */
export function wordEnd(buffer: Buffer, from: number): number {
	let at = from;
	while (isWordPart(buffer[at])) at++;
	return at;
}

/** Where the tag of a dollar quote, or the number, ends that goes on at `from`: as a word, but without dollars. */
export function tagEnd(buffer: Buffer, from: number): number {
	let at = from;
	while (classOf(buffer[at]) >= digitByte) at++;
	return at;
}

/** Where a line ends: at its newline, or at the end of the buffer. To the server a carriage return ends a comment, too. */
export function lineEnd(buffer: Buffer, from: number, { isComment }: { isComment: boolean }): number {
	const newline = buffer.indexOf(byte.newline, from);
	const end = newline === -1 ? buffer.length : newline;
	const toReturn = isComment ? buffer.subarray(from, end).indexOf(byte.carriageReturn) : -1;
	return toReturn === -1 ? end : from + toReturn;
}

/** Number of newlines in `buffer` between two positions. */
export function countNewlines(buffer: Buffer, from: number, to: number): number {
	let count = 0;
	let at = buffer.indexOf(byte.newline, from);
	while (at !== -1 && at < to) {
		count++;
		at = buffer.indexOf(byte.newline, at + 1);
	}
	return count;
}

/**
 * Whether text begins with one of these letters, in either case. It spares making a string of it, which takes longer than
 * all else that is done about a short statement.
 *
 * @param letters lower case, ASCII
 */
export function beginsWithAny(text: Uint8Array, letters: string): boolean {
	return text.length > 0 && letters.includes(String.fromCharCode(text[0]! | 0x20));
}
