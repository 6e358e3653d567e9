import { BackupError } from '../../errors';
import { byte, countNewlines, isDigit, isSpace, isWordStart, wordEnd } from './bytes';
import { copyTarget } from './copyTarget';
import type { SqlSegment } from './segment';
import { StatementState } from './statementState';

const empty = Buffer.alloc(0);

/** What the bytes at the present position are inside of. */
type Inside =
	| 'statement'
	| 'line-comment'
	| 'block-comment'
	| 'string'
	| 'escape-string'
	| 'quoted-identifier'
	| 'dollar-quote'
	| 'psql-command'
	| 'copy-line'
	| 'copy-rows';

/**
 * Cuts a dump in plain SQL into {@link SqlSegment}s while it streams past, however its chunks are cut.
 *
 * It follows psql's scanner as far as dumps need it: quotes of every kind, dollar quotes, nested comments,
 * backslash commands, function bodies in SQL, rows of COPY. The rows are handed on as they came, without a copy;
 * of everything else no more is held than the statement that has begun.
 */
export class SqlLexer {
	/** The bytes under examination: what was left of the chunk before, then the chunk. */
	#buffer: Buffer = empty;
	/** Examined up to here. */
	#at = 0;
	/** Where the part of the buffer begins that belongs to the segment being read. */
	#from = 0;
	/** Parts of that segment that came with earlier chunks. */
	#earlier: Buffer[] = [];
	/** The line that `#from` and what came earlier begin on. */
	#line = 1;
	#inside: Inside = 'statement';
	#state: StatementState | undefined;
	#commentDepth = 0;
	#dollarTag: Buffer = empty;
	/** Off only in dumps of databases that were told so: then plain strings know backslashes, too. */
	#standardStrings = true;
	/** The table whose rows are being read. */
	#table = '';
	#rows = 0;
	#atLineStart = false;
	#segments: SqlSegment[] = [];
	#final = false;

	/** The segments that are complete with this chunk. */
	push(chunk: Buffer): SqlSegment[] {
		const rest = this.#buffer.length - this.#at;
		this.#buffer = rest === 0 ? chunk : Buffer.concat([this.#buffer.subarray(this.#at), chunk]);
		this.#at = 0;
		this.#from = 0;
		return this.#read();
	}

	/**
	 * The last segments, once nothing follows.
	 *
	 * @throws BackupError `incomplete` when the dump ends inside a statement or inside a table's rows
	 */
	end(): SqlSegment[] {
		this.#final = true;
		const segments = this.push(empty);
		if (this.#inside === 'copy-rows' || this.#inside === 'copy-line') {
			throw cutShort(`inside the rows of ${this.#table}`);
		}
		if (this.#state) throw cutShort(`inside the statement that begins on line ${this.#line}`);
		if (this.#inside === 'block-comment') throw cutShort(`inside the comment of line ${this.#line}`);
		return segments;
	}

	#read(): SqlSegment[] {
		while (this.#at < this.#buffer.length && this.#step()) {
			// Each step reads one token, or as much as there is of it.
		}
		if (this.#final && (this.#inside === 'line-comment' || this.#inside === 'psql-command')) this.#endLine();
		if (this.#at > this.#from) this.#earlier.push(this.#buffer.subarray(this.#from, this.#at));
		const segments = this.#segments;
		this.#segments = [];
		return segments;
	}

	/** Reads on; false when the next chunk is needed to tell what comes. */
	#step(): boolean {
		switch (this.#inside) {
			case 'statement':
				return this.#token();
			case 'line-comment':
			case 'psql-command':
			case 'copy-line':
				return this.#restOfLine();
			case 'block-comment':
				return this.#blockComment();
			case 'string':
				return this.#untilQuote(byte.singleQuote);
			case 'quoted-identifier':
				return this.#untilQuote(byte.doubleQuote);
			case 'escape-string':
				return this.#escapeString();
			case 'dollar-quote':
				return this.#dollarQuote();
			case 'copy-rows':
				return this.#copyRows();
		}
	}

	#token(): boolean {
		const code = this.#buffer[this.#at]!;
		if (isSpace(code)) return this.#space();
		if (isWordStart(code)) return this.#word();
		if (isDigit(code)) return this.#number();
		switch (code) {
			case byte.dash:
				return this.#ifNext(byte.dash, () => this.#enterComment('line-comment'));
			case byte.slash:
				return this.#ifNext(byte.asterisk, () => this.#enterComment('block-comment'));
			case byte.singleQuote:
				return this.#enterQuote(this.#standardStrings ? 'string' : 'escape-string', 1);
			case byte.doubleQuote:
				return this.#enterQuote('quoted-identifier', 1);
			case byte.dollar:
				return this.#dollar();
			case byte.backslash:
				this.#inside = 'psql-command';
				this.#at++;
				return true;
			case byte.openParenthesis:
				this.#statement().openParenthesis();
				this.#at++;
				return true;
			case byte.closeParenthesis:
				this.#statement().closeParenthesis();
				this.#at++;
				return true;
			case byte.semicolon:
				this.#at++;
				if (this.#statement().endsAtSemicolon) this.#endStatement();
				return true;
			default:
				this.#statement().otherToken();
				this.#at++;
				return true;
		}
	}

	/** The statement being read, begun by whatever asks for it. */
	#statement(): StatementState {
		this.#state ??= new StatementState();
		return this.#state;
	}

	#space(): boolean {
		while (this.#at < this.#buffer.length && isSpace(this.#buffer[this.#at]!)) this.#at++;
		if (!this.#state) this.#take();
		return true;
	}

	#word(): boolean {
		const end = wordEnd(this.#buffer, this.#at);
		if (end === this.#buffer.length && !this.#final) return false;
		const isEscapePrefix = end - this.#at === 1 && (this.#buffer[this.#at]! | 0x20) === 0x65;
		if (isEscapePrefix && this.#buffer[end] === byte.singleQuote) return this.#enterQuote('escape-string', 2);
		this.#statement().word(this.#buffer.toString('latin1', this.#at, end));
		this.#at = end;
		return true;
	}

	#number(): boolean {
		const end = wordEnd(this.#buffer, this.#at);
		if (end === this.#buffer.length && !this.#final) return false;
		this.#statement().otherToken();
		this.#at = end;
		return true;
	}

	/** Two bytes that mean something together, or the first alone as an operator. */
	#ifNext(second: number, enter: () => void): boolean {
		if (this.#at + 1 === this.#buffer.length && !this.#final) return false;
		if (this.#buffer[this.#at + 1] === second) {
			enter();
		} else {
			this.#statement().otherToken();
			this.#at++;
		}
		return true;
	}

	#enterComment(kind: 'line-comment' | 'block-comment'): void {
		this.#inside = kind;
		this.#commentDepth = 1;
		this.#at += 2;
	}

	#enterQuote(kind: 'string' | 'escape-string' | 'quoted-identifier', prefixLength: number): boolean {
		this.#statement().otherToken();
		this.#inside = kind;
		this.#at += prefixLength;
		return true;
	}

	/** `$tag$` opens a quote; `$1` and a lone `$` do not. */
	#dollar(): boolean {
		let end = this.#at + 1;
		while (end < this.#buffer.length && isTagPart(this.#buffer[end]!)) end++;
		if (end === this.#buffer.length && !this.#final) return false;
		this.#statement().otherToken();
		const opens = this.#buffer[end] === byte.dollar && !isDigit(this.#buffer[this.#at + 1]!);
		if (opens) {
			this.#dollarTag = Buffer.from(this.#buffer.subarray(this.#at, end + 1));
			this.#inside = 'dollar-quote';
		}
		this.#at = opens ? end + 1 : this.#at + 1;
		return true;
	}

	#dollarQuote(): boolean {
		const end = this.#buffer.indexOf(this.#dollarTag, this.#at);
		if (end === -1) {
			// The tag may have begun with the last bytes.
			this.#at = Math.max(this.#at, this.#buffer.length - this.#dollarTag.length + 1);
			return false;
		}
		this.#at = end + this.#dollarTag.length;
		this.#inside = 'statement';
		return true;
	}

	/** A doubled quote closes and opens again, which comes to the same. */
	#untilQuote(quote: number): boolean {
		const end = this.#buffer.indexOf(quote, this.#at);
		this.#at = end === -1 ? this.#buffer.length : end + 1;
		if (end !== -1) this.#inside = 'statement';
		return true;
	}

	#escapeString(): boolean {
		for (; this.#at < this.#buffer.length; this.#at++) {
			const code = this.#buffer[this.#at];
			if (code !== byte.backslash && code !== byte.singleQuote) continue;
			// What follows decides: an escaped byte, a doubled quote, or the end.
			if (this.#at + 1 === this.#buffer.length && !this.#final) return false;
			if (code === byte.singleQuote && this.#buffer[this.#at + 1] !== byte.singleQuote) {
				this.#at++;
				this.#inside = 'statement';
				return true;
			}
			this.#at++;
		}
		return true;
	}

	/** PostgreSQL's block comments nest, other than the SQL standard's. */
	#blockComment(): boolean {
		for (; this.#at < this.#buffer.length; this.#at++) {
			const code = this.#buffer[this.#at];
			if (code !== byte.slash && code !== byte.asterisk) continue;
			if (this.#at + 1 === this.#buffer.length && !this.#final) return false;
			const next = this.#buffer[this.#at + 1];
			if (code === byte.slash && next === byte.asterisk) {
				this.#commentDepth++;
				this.#at++;
			} else if (code === byte.asterisk && next === byte.slash) {
				this.#commentDepth--;
				this.#at++;
				if (this.#commentDepth === 0) {
					this.#at++;
					this.#endComment();
					return true;
				}
			}
		}
		return true;
	}

	#restOfLine(): boolean {
		const newline = this.#buffer.indexOf(byte.newline, this.#at);
		this.#at = newline === -1 ? this.#buffer.length : newline;
		if (newline === -1) return true;
		if (this.#inside === 'copy-line') {
			this.#at++;
			this.#take();
			this.#inside = 'copy-rows';
			this.#atLineStart = true;
			this.#rows = 0;
		} else {
			this.#endLine();
		}
		return true;
	}

	#endLine(): void {
		if (this.#inside === 'line-comment') {
			this.#endComment();
			return;
		}
		const { text, line } = this.#take();
		this.#segments.push({ kind: 'psql-command', text, line });
		this.#inside = 'statement';
		this.#state = undefined;
	}

	#endComment(): void {
		this.#inside = 'statement';
		// Within a statement it is a part of that statement.
		if (this.#state) return;
		const { text, line } = this.#take();
		this.#segments.push({ kind: 'comment', text, line });
	}

	#endStatement(): void {
		const copies = this.#state?.copiesFromScript === true;
		this.#state = undefined;
		const { text, line } = this.#take();
		this.#segments.push({ kind: copies ? 'copy-start' : 'statement', text, line });
		if (copies) {
			this.#table = copyTarget(text);
			this.#inside = 'copy-line';
		} else {
			this.#noteStringSyntax(text);
		}
	}

	#noteStringSyntax(statement: Buffer): void {
		if (statement.length > 64) return;
		const setting = /^SET\s+standard_conforming_strings\s*=\s*(on|off)\s*;/i.exec(
			statement.toString('latin1'),
		);
		if (setting) this.#standardStrings = setting[1]!.toLowerCase() === 'on';
	}

	#copyRows(): boolean {
		const buffer = this.#buffer;
		let at = this.#at;
		for (;;) {
			if (this.#atLineStart && buffer[at] === byte.backslash) {
				const length = terminatorLength(buffer, at, this.#final);
				if (length === undefined) {
					this.#emitRows(at);
					return false;
				}
				if (length > 0) {
					this.#emitRows(at);
					this.#endRows(length);
					return true;
				}
			}
			const newline = buffer.indexOf(byte.newline, at);
			this.#atLineStart = newline !== -1;
			at = newline === -1 ? buffer.length : newline + 1;
			if (newline !== -1) this.#rows++;
			if (at === buffer.length) {
				this.#emitRows(at);
				return true;
			}
		}
	}

	#emitRows(end: number): void {
		if (end > this.#at)
			this.#segments.push({ kind: 'copy-data', chunk: this.#buffer.subarray(this.#at, end) });
		this.#at = end;
		this.#from = end;
	}

	#endRows(terminatorBytes: number): void {
		this.#line += this.#rows;
		this.#segments.push({ kind: 'copy-end', rows: this.#rows, line: this.#line });
		this.#line++;
		this.#at += terminatorBytes;
		this.#from = this.#at;
		this.#inside = 'statement';
	}

	/** Everything from the segment's beginning up to here, and the line that it begins on. */
	#take(): { text: Buffer; line: number } {
		const line = this.#line;
		const last = this.#buffer.subarray(this.#from, this.#at);
		const text = this.#earlier.length === 0 ? last : Buffer.concat([...this.#earlier, last]);
		this.#earlier = [];
		this.#from = this.#at;
		this.#line += countNewlines(text, 0, text.length);
		return { text, line };
	}
}

/** Dollar-quote tags are identifiers without a dollar sign. */
function isTagPart(code: number): boolean {
	return isWordStart(code) || isDigit(code);
}

/**
 * Length of the line `\.` at `at`, 0 when it is another line, undefined when the bytes do not reach far enough.
 */
function terminatorLength(buffer: Buffer, at: number, final: boolean): number | undefined {
	const [dot, next, last] = [buffer[at + 1], buffer[at + 2], buffer[at + 3]];
	if (dot === undefined) return final ? 0 : undefined;
	if (dot !== byte.dot) return 0;
	if (next === byte.newline) return 3;
	if (next === undefined) return final ? 2 : undefined;
	if (next !== byte.carriageReturn) return 0;
	if (last === undefined) return final ? 3 : undefined;
	return last === byte.newline ? 4 : 0;
}

function cutShort(where: string): BackupError {
	return new BackupError('incomplete', `The dump ends ${where}`, {
		advice: 'Use another backup; this one was cut off while it was written or copied',
	});
}
