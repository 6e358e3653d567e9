/** As many of a word's bytes as tell keywords apart. */
export const keywordBytes = 16;

/**
 * What decides whether a semicolon ends a statement: not inside parentheses (CREATE RULE … DO (a; b)), not inside
 * BEGIN ATOMIC … END, the SQL-standard function bodies of PostgreSQL 14. It also knows when the statement is a COPY
 * that reads its rows from the script.
 *
 * A body follows PostgreSQL's grammar (src/backend/parser/gram.y, `routine_body`): only `BEGIN ATOMIC` opens one,
 * each of its statements ends with a semicolon, and none of them can begin with END. So the first END that begins a
 * statement closes it, whatever is called `begin`, `case` or `end` within. psql counts words instead and takes a
 * column named `begin` for another block (src/fe_utils/psqlscan.l).
 */
export class StatementState {
	#parentheses = 0;
	#body: 'none' | 'open' | 'closed' = 'none';
	/** Whether the next token begins a statement of the body. */
	#beginsInBody = false;
	/** The first unquoted words in lower case, as many as tell CREATE OR REPLACE FUNCTION. */
	readonly #firstWords: string[] = [];
	#previousWord = '';
	#copiesFromScript = false;

	/** Whether this is `COPY … FROM stdin`. */
	get copiesFromScript(): boolean {
		return this.#copiesFromScript;
	}

	openParenthesis(): void {
		this.#parentheses++;
		this.otherToken();
	}

	closeParenthesis(): void {
		this.#parentheses = Math.max(0, this.#parentheses - 1);
		this.otherToken();
	}

	/** A semicolon; answers whether it ends the statement. */
	semicolon(): boolean {
		this.#previousWord = '';
		if (this.#parentheses > 0) return false;
		this.#beginsInBody = this.#body === 'open';
		return this.#body !== 'open';
	}

	/** An unquoted word, a keyword or an identifier, or as much of it as tells keywords apart. */
	word(text: string): void {
		const word = text.toLowerCase();
		if (this.#firstWords.length < 4) this.#firstWords.push(word);
		if (this.#parentheses > 0) return;

		const beginsInBody = this.#beginsInBody;
		this.#beginsInBody = false;
		if (beginsInBody && word === 'end') this.#body = 'closed';
		if (this.#opensBody(word)) {
			this.#body = 'open';
			this.#beginsInBody = true;
		}
		if (word === 'stdin' && this.#previousWord === 'from' && this.#firstWords[0] === 'copy') {
			this.#copiesFromScript = true;
		}
		this.#previousWord = word;
	}

	/** A literal, a quoted identifier or an operator: it stands between words. */
	otherToken(): void {
		this.#previousWord = '';
		this.#beginsInBody = false;
	}

	#opensBody(word: string): boolean {
		if (this.#body !== 'none' || word !== 'atomic' || this.#previousWord !== 'begin') return false;
		const [create, second, third, fourth] = this.#firstWords;
		if (create !== 'create') return false;
		const what = second === 'or' && third === 'replace' ? fourth : second;
		return what === 'function' || what === 'procedure';
	}
}
