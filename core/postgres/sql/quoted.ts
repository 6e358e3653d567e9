import { byte } from './bytes';

/** How far a quoted text or a comment was read. */
export interface Scan {
	/** The first byte that was not read: more of the text must come before it can be, unless it is closed. */
	at: number;
	/** Whether it ended there. */
	closed: boolean;
}

/** A string or an identifier in plain quotes. A doubled quote closes and opens again, which comes to the same. */
export function scanQuoted(buffer: Buffer, from: number, quote: number): Scan {
	const end = buffer.indexOf(quote, from);
	return end === -1 ? { at: buffer.length, closed: false } : { at: end + 1, closed: true };
}

interface EscapeScan {
	/** Nothing comes after this buffer. */
	final: boolean;
	/** Whether a byte begins a character of two; undefined where no second byte can be taken for another. */
	isFirstOfTwo?: (code: number) => boolean;
}

/** A string with backslash escapes. */
export function scanEscapeString(buffer: Buffer, from: number, { final, isFirstOfTwo }: EscapeScan): Scan {
	for (let at = from; at < buffer.length; at++) {
		const code = buffer[at]!;
		if (isFirstOfTwo?.(code) === true) {
			if (at + 1 === buffer.length && !final) return { at, closed: false };
			at++;
			continue;
		}
		if (code !== byte.backslash && code !== byte.singleQuote) continue;
		// What follows decides: an escaped byte, a doubled quote, or the end.
		const next = buffer[at + 1];
		if (next === undefined && !final) return { at, closed: false };
		if (code === byte.singleQuote && next !== byte.singleQuote) return { at: at + 1, closed: true };
		at++;
	}
	return { at: buffer.length, closed: false };
}

/** What follows an opening tag, up to the same tag again. */
export function scanDollarQuote(buffer: Buffer, from: number, tag: Buffer): Scan {
	const end = buffer.indexOf(tag, from);
	if (end !== -1) return { at: end + tag.length, closed: true };
	// The tag may have begun with the last bytes.
	return { at: Math.max(from, buffer.length - tag.length + 1), closed: false };
}

/** A comment in slashes and asterisks from a depth on. PostgreSQL's nest, other than the SQL standard's. */
export function scanBlockComment(
	buffer: Buffer,
	from: number,
	{ depth, final }: { depth: number; final: boolean },
): Scan & { depth: number } {
	let level = depth;
	for (let at = from; at < buffer.length; at++) {
		const code = buffer[at];
		if (code !== byte.slash && code !== byte.asterisk) continue;
		const next = buffer[at + 1];
		if (next === undefined && !final) return { at, closed: false, depth: level };
		if (code === byte.slash && next === byte.asterisk) {
			level++;
			at++;
		} else if (code === byte.asterisk && next === byte.slash) {
			level--;
			at++;
			if (level === 0) return { at: at + 1, closed: true, depth: 0 };
		}
	}
	return { at: buffer.length, closed: false, depth: level };
}
