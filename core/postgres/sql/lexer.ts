import { BackupError } from '../../errors';
import { byte, countNewlines, isDigit, isSpace, isWordStart, wordEnd } from './bytes';
import { CopyRows } from './copyRows';
import { copyTarget } from './copyTarget';
import {
	readDollarTag,
	type Scan,
	scanBlockComment,
	scanDollarQuote,
	scanEscapeString,
	scanQuoted,
} from './quoted';
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
	#rows = new CopyRows();
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
		this.#letGo();
		const segments = this.#segments;
		this.#segments = [];
		return segments;
	}

	/** Copies what is still needed of the chunk: a few bytes, whose memory may be used again for the next one. */
	#letGo(): void {
		if (this.#at > this.#from) this.#earlier.push(Buffer.from(this.#buffer.subarray(this.#from, this.#at)));
		this.#buffer = Buffer.from(this.#buffer.subarray(this.#at));
		this.#at = 0;
		this.#from = 0;
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
				return this.#quoted(scanQuoted(this.#buffer, this.#at, byte.singleQuote));
			case 'quoted-identifier':
				return this.#quoted(scanQuoted(this.#buffer, this.#at, byte.doubleQuote));
			case 'escape-string':
				return this.#quoted(scanEscapeString(this.#buffer, this.#at, this.#final));
			case 'dollar-quote':
				return this.#quoted(scanDollarQuote(this.#buffer, this.#at, this.#dollarTag));
			case 'copy-rows':
				return this.#copyRows();
		}
	}

	#token(): boolean {
		const code = this.#buffer[this.#at];
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
		while (isSpace(this.#buffer[this.#at])) this.#at++;
		if (!this.#state) this.#take();
		return true;
	}

	#word(): boolean {
		const end = wordEnd(this.#buffer, this.#at);
		if (end === this.#buffer.length && !this.#final) return false;
		const word = this.#buffer.toString('latin1', this.#at, end);
		if (/^e$/i.test(word) && this.#buffer[end] === byte.singleQuote) {
			return this.#enterQuote('escape-string', 2);
		}
		this.#statement().word(word);
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

	#dollar(): boolean {
		const opening = readDollarTag(this.#buffer, this.#at, this.#final);
		if (!opening) return false;
		this.#statement().otherToken();
		this.#at = opening.at;
		if (opening.tag) {
			this.#dollarTag = opening.tag;
			this.#inside = 'dollar-quote';
		}
		return true;
	}

	#quoted({ at, closed }: Scan): boolean {
		this.#at = at;
		if (closed) this.#inside = 'statement';
		return closed;
	}

	#blockComment(): boolean {
		const options = { depth: this.#commentDepth, final: this.#final };
		const { at, closed, depth } = scanBlockComment(this.#buffer, this.#at, options);
		this.#at = at;
		this.#commentDepth = depth;
		if (closed) this.#endComment();
		return closed;
	}

	#restOfLine(): boolean {
		const newline = this.#buffer.indexOf(byte.newline, this.#at);
		this.#at = newline === -1 ? this.#buffer.length : newline;
		if (newline === -1) return true;
		if (this.#inside === 'copy-line') {
			this.#at++;
			this.#take();
			this.#inside = 'copy-rows';
			this.#rows = new CopyRows();
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
		if (setting) this.#standardStrings = setting[1]?.toLowerCase() === 'on';
	}

	#copyRows(): boolean {
		const { end, terminatorBytes } = this.#rows.scan(this.#buffer, this.#at, this.#final);
		if (end > this.#at) {
			this.#segments.push({ kind: 'copy-data', chunk: this.#buffer.subarray(this.#at, end) });
		}
		this.#at = end;
		this.#from = end;
		if (terminatorBytes > 0) this.#endRows(terminatorBytes);
		return terminatorBytes > 0;
	}

	#endRows(terminatorBytes: number): void {
		this.#line += this.#rows.count;
		this.#segments.push({ kind: 'copy-end', rows: this.#rows.count, line: this.#line });
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

function cutShort(where: string): BackupError {
	return new BackupError('incomplete', `The dump ends ${where}`, {
		advice: 'Use another backup; this one was cut off while it was written or copied',
	});
}
