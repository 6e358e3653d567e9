import { type Reading, usualReading, withoutSecondBytes } from './readingState';

/** A piece of SQL as PostgreSQL's scanner sees it, without space and comments. */
export interface Token {
	/** `word`: unquoted, in lower case. `quoted` and `string`: what is between the quotes, as it is written there. */
	kind: 'word' | 'quoted' | 'string' | 'symbol';
	text: string;
}

const space = /[ \t\n\r\f\v]+|--[^\n\r]*/y;
const word = /[a-zA-Z_\x80-\uffff][\w$\x80-\uffff]*/y;
/** Its letters are tokens of their own: servers before 15 read `1e'…'` as a number and a string. */
const number = /\d[\d.]*/y;
const dollarTag = /\$(?:[a-zA-Z_\x80-\uffff][\w\x80-\uffff]*)?\$/y;
/** What may stand right before a quote and change what is inside: `E'…'`, `U&"…"`, `B'…'`, `X'…'`, `N'…'`. */
const quotePrefix = /(?:[uU]&(?=["'])|[eEbBxXnN](?='))/y;
const commentEdge = /\/\*|\*\//g;

/**
 * The tokens of one statement, after PostgreSQL's scanner (src/backend/parser/scan.l): nested comments, line comments
 * that a carriage return ends, too, quotes of every kind. A quote that never closes reaches to the end.
 *
 * @param written one character a byte
 */
export function* tokens(written: string, reading: Reading = usualReading): Generator<Token> {
	const sql = withoutSecondBytes(written, reading.encoding);
	let at = 0;
	const match = (pattern: RegExp): string | undefined => {
		pattern.lastIndex = at;
		return pattern.exec(sql)?.[0];
	};
	while (at < sql.length) {
		const skipped = match(space)?.length ?? commentLength(sql, at);
		if (skipped > 0) {
			at += skipped;
			continue;
		}
		const prefix = match(quotePrefix);
		// A quoted name with Unicode escapes is a name that nobody can read off its letters: its prefix is a token of its own.
		if (prefix?.toLowerCase() === 'u&') yield { kind: 'symbol', text: 'u&' };
		at += prefix?.length ?? 0;
		const quote = sql[at];
		if (quote === '"' || quote === "'") {
			const escapes = quote === "'" && (prefix === undefined ? !reading.standardStrings : /e/i.test(prefix));
			const end = quotedEnd(sql, at + 1, quote, escapes);
			yield { kind: quote === '"' ? 'quoted' : 'string', text: sql.slice(at + 1, end) };
			at = end + 1;
			continue;
		}
		const tag = match(dollarTag);
		if (tag !== undefined) {
			const end = sql.indexOf(tag, at + tag.length);
			yield { kind: 'string', text: sql.slice(at + tag.length, end === -1 ? undefined : end) };
			at = end === -1 ? sql.length : end + tag.length;
			continue;
		}
		const name = match(word);
		const text = name ?? match(number) ?? sql.slice(at, at + 1);
		yield name === undefined ? { kind: 'symbol', text } : { kind: 'word', text: name.toLowerCase() };
		at += text.length;
	}
}

/** Length of the comment in slashes and asterisks that begins here; 0 when none does. */
function commentLength(sql: string, from: number): number {
	if (!sql.startsWith('/*', from)) return 0;
	commentEdge.lastIndex = from;
	let depth = 0;
	for (let edge = commentEdge.exec(sql); edge; edge = commentEdge.exec(sql)) {
		depth += edge[0] === '/*' ? 1 : -1;
		if (depth === 0) return edge.index + 2 - from;
	}
	return sql.length - from;
}

/** Where the quote is that closes. A doubled one, and one after a backslash where those count, closes nothing. */
function quotedEnd(sql: string, from: number, quote: string, escapes: boolean): number {
	for (let at = from; ;) {
		const end = sql.indexOf(quote, at);
		if (end === -1) return sql.length;
		const backslash = escapes ? sql.indexOf('\\', at) : -1;
		if (backslash !== -1 && backslash < end) at = backslash + 2;
		else if (sql[end + 1] === quote) at = end + 2;
		else return end;
	}
}

export function isDot(token: Token | undefined): boolean {
	return token?.kind === 'symbol' && token.text === '.';
}
