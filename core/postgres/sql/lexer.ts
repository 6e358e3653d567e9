import { byte, isDigit, isDigits, isSpace, isWordStart, lineEnd, tagEnd, wordEnd } from './bytes';
import { CopyRows } from './copyRows';
import { copyTarget } from './names';
import { commandInStatement, cutShort, oddNumber, oddQuote, strayDollar } from './faults';
import { HeldText } from './heldText';
import type { Inside } from './inside';
import { type Scan, scanBlockComment, scanDollarQuote, scanEscapeString, scanQuoted } from './quoted';
import { readingAfter } from './reading';
import { firstOfTwo, usualReading } from './readingState';
import type { SqlSegment } from './segment';
import { keywordBytes, StatementState } from './statementState';

const empty = Buffer.alloc(0);

/** Bytes that the tag of a dollar quote may have. pg_dump's have a handful. */
const maxTagBytes = 64 * 1024;

/**
 * Cuts a dump in plain SQL into {@link SqlSegment}s while it streams past, however its chunks are cut.
 *
 * It follows psql's scanner as far as dumps need it: quotes of every kind, dollar quotes, nested comments,
 * backslash commands, function bodies in SQL, rows of COPY. The rows are handed on as they came, without a copy;
 * of everything else no more is held than the statement that has begun, and of that 64 MB at most. No byte is
 * looked at again when the next chunk comes, but for a few at the end of one.
 */
export class SqlLexer {
	/** The bytes under examination: what was left of the chunk before, then the chunk. */
	#buffer: Buffer = empty;
	/** Examined up to here. */
	#at = 0;
	/** Where the part of the buffer begins that belongs to the segment being read. */
	#from = 0;
	/** Parts of that segment that came with earlier chunks. */
	readonly #held = new HeldText();
	#inside: Inside = 'statement';
	#state: StatementState | undefined;
	#commentDepth = 0;
	/** As much of the word being read as tells keywords apart. */
	#word = '';
	/** Of the number being read. */
	#hasLetters = false;
	#dollarTag: Buffer = empty;
	#reading = usualReading;
	/** The table whose rows are being read. */
	#table = '';
	#rows = new CopyRows();
	#segments: SqlSegment[] = [];
	#final = false;

	/**
	 * The segments that are complete with this chunk.
	 *
	 * @throws BackupError `unsupported` for a statement of more than 64 MB, `damaged` for what no dump has in it
	 */
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
		if (this.#state) throw cutShort(`inside the statement that begins on line ${this.#held.line}`);
		if (this.#inside === 'block-comment') throw cutShort(`inside the comment of line ${this.#held.line}`);
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
		this.#held.keep(this.#buffer.subarray(this.#from, this.#at));
		this.#buffer = Buffer.from(this.#buffer.subarray(this.#at));
		this.#at = 0;
		this.#from = 0;
	}

	/** Reads on; false when the next chunk is needed to tell what comes. */
	#step(): boolean {
		switch (this.#inside) {
			case 'statement':
				return this.#token();
			case 'word':
				return this.#readWord();
			case 'number':
				return this.#readNumber();
			case 'dollar-tag':
				return this.#readDollarTag();
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
				return this.#escapeString();
			case 'dollar-quote':
				return this.#quoted(scanDollarQuote(this.#buffer, this.#at, this.#dollarTag));
			case 'copy-rows':
				return this.#copyRows();
		}
	}

	#token(): boolean {
		const code = this.#buffer[this.#at];
		if (isSpace(code) || (code === byte.semicolon && !this.#state)) return this.#space();
		if (isWordStart(code)) return this.#enterWord();
		if (isDigit(code)) return this.#enter('number');
		switch (code) {
			case byte.dash:
				return this.#ifNext(byte.dash, () => this.#enterComment('line-comment'));
			case byte.slash:
				return this.#ifNext(byte.asterisk, () => this.#enterComment('block-comment'));
			case byte.singleQuote:
				this.#at++;
				return this.#enter(this.#reading.standardStrings ? 'string' : 'escape-string');
			case byte.doubleQuote:
				this.#at++;
				return this.#enter('quoted-identifier');
			case byte.dollar:
				this.#dollarTag = Buffer.from('$');
				this.#at++;
				return this.#enter('dollar-tag');
			case byte.backslash:
				if (this.#state) throw commandInStatement(this.#held.line);
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
				if (this.#statement().semicolon()) this.#endStatement();
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

	/** Between statements semicolons are space as well: what they end is empty, and a dump can have millions of them. */
	#space(): boolean {
		const isBetween = !this.#state;
		const isSkipped = (code: number | undefined) => isSpace(code) || (isBetween && code === byte.semicolon);
		while (isSkipped(this.#buffer[this.#at])) this.#at++;
		if (isBetween) this.#take();
		return true;
	}

	/** Goes on inside a token that is no word. */
	#enter(kind: Inside): boolean {
		this.#statement().otherToken();
		this.#inside = kind;
		return true;
	}

	#enterWord(): boolean {
		// Begun now: what ends the stream here ends inside a statement.
		this.#statement();
		this.#word = '';
		this.#inside = 'word';
		return true;
	}

	#readWord(): boolean {
		const end = wordEnd(this.#buffer, this.#at);
		const shown = Math.min(end, this.#at + keywordBytes - this.#word.length);
		this.#word += this.#buffer.toString('latin1', this.#at, shown);
		this.#at = end;
		if (end === this.#buffer.length) return true;
		this.#inside = 'statement';
		if (/^e$/i.test(this.#word) && this.#buffer[end] === byte.singleQuote) {
			this.#at++;
			return this.#enter('escape-string');
		}
		this.#statement().word(this.#word);
		return true;
	}

	/**
	 * A dollar quote may follow right behind. Behind letters it is one to some servers, and the rest of a name to others:
	 * to judge such a text is to guess.
	 */
	#readNumber(): boolean {
		const from = this.#at;
		this.#at = tagEnd(this.#buffer, from);
		this.#hasLetters ||= !isDigits(this.#buffer, from, this.#at);
		if (this.#at === this.#buffer.length) return true;
		if (this.#hasLetters && this.#buffer[this.#at] === byte.dollar) throw oddNumber(this.#held.line);
		this.#hasLetters = false;
		this.#inside = 'statement';
		return true;
	}

	/** `$tag$` opens a quote; a dollar before anything else is an operator, as in `$1`. */
	#readDollarTag(): boolean {
		const from = this.#at;
		const isFirst = this.#dollarTag.length === 1;
		if (!(isFirst && isDigit(this.#buffer[from]))) this.#at = tagEnd(this.#buffer, from);
		if (this.#at > from) {
			this.#dollarTag = Buffer.concat([this.#dollarTag, this.#buffer.subarray(from, this.#at)]);
			if (this.#dollarTag.length > maxTagBytes) throw oddQuote(this.#held.line, maxTagBytes);
		}
		if (this.#at === this.#buffer.length) return true;
		this.#inside = 'statement';
		if (this.#buffer[this.#at] !== byte.dollar || (isFirst && isDigit(this.#buffer[from]))) {
			// To the server what comes behind the dollar is a word, or the prefix of a string.
			if (this.#dollarTag.length > 1) throw strayDollar(this.#held.line);
			return true;
		}
		this.#at++;
		this.#dollarTag = Buffer.concat([this.#dollarTag, Buffer.from('$')]);
		this.#inside = 'dollar-quote';
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

	#escapeString(): boolean {
		const isFirstOfTwo = firstOfTwo(this.#reading.encoding);
		return this.#quoted(scanEscapeString(this.#buffer, this.#at, { final: this.#final, isFirstOfTwo }));
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
		this.#at = lineEnd(this.#buffer, this.#at, { isComment: this.#inside === 'line-comment' });
		if (this.#at === this.#buffer.length) return true;
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
			const after = readingAfter(text, this.#reading);
			if (after !== 'unclear') this.#reading = after;
		}
	}

	#copyRows(): boolean {
		const before = this.#rows.count;
		const { end, terminatorBytes } = this.#rows.scan(this.#buffer, this.#at, this.#final);
		if (end > this.#at) {
			const rows = this.#rows.count - before;
			this.#segments.push({ kind: 'copy-data', chunk: this.#buffer.subarray(this.#at, end), rows });
		}
		this.#at = end;
		this.#from = end;
		if (terminatorBytes > 0) this.#endRows(terminatorBytes);
		return terminatorBytes > 0;
	}

	#endRows(terminatorBytes: number): void {
		this.#held.line += this.#rows.count;
		this.#segments.push({ kind: 'copy-end', rows: this.#rows.count, line: this.#held.line });
		this.#held.line++;
		this.#at += terminatorBytes;
		this.#from = this.#at;
		this.#inside = 'statement';
	}

	/** Everything from the segment's beginning up to here, and the line that it begins on. */
	#take(): { text: Buffer; line: number } {
		const taken = this.#held.take(this.#buffer.subarray(this.#from, this.#at));
		this.#from = this.#at;
		return taken;
	}
}
