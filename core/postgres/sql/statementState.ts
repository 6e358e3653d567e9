/**
 * What decides whether a semicolon ends a statement, after psql's own scanner (src/fe_utils/psqlscan.l): not inside
 * parentheses (CREATE RULE … DO (a; b)), not inside BEGIN ATOMIC … END, the SQL-standard function bodies of
 * PostgreSQL 14. It also knows when the statement is a COPY that reads its rows from the script.
 */
export class StatementState {
	#parentheses = 0;
	/** BEGIN and CASE that wait for their END, inside a function or procedure being created. */
	#blocks = 0;
	/** The first unquoted words in lower case, as many as tell CREATE OR REPLACE FUNCTION. */
	readonly #firstWords: string[] = [];
	#previousWord = '';
	#copiesFromScript = false;

	/** Whether a semicolon here ends the statement. */
	get endsAtSemicolon(): boolean {
		return this.#parentheses === 0 && this.#blocks === 0;
	}

	/** Whether this is `COPY … FROM stdin`. */
	get copiesFromScript(): boolean {
		return this.#copiesFromScript;
	}

	openParenthesis(): void {
		this.#parentheses++;
		this.#previousWord = '';
	}

	closeParenthesis(): void {
		this.#parentheses = Math.max(0, this.#parentheses - 1);
		this.#previousWord = '';
	}

	/** An unquoted word: a keyword or an identifier. */
	word(text: string): void {
		const word = text.toLowerCase();
		if (this.#firstWords.length < 4) this.#firstWords.push(word);
		if (this.#parentheses > 0) return;

		if (this.#createsRoutine()) {
			if (word === 'begin') this.#blocks++;
			else if (word === 'case' && this.#blocks > 0) this.#blocks++;
			else if (word === 'end' && this.#blocks > 0) this.#blocks--;
		}
		if (word === 'stdin' && this.#previousWord === 'from' && this.#firstWords[0] === 'copy') {
			this.#copiesFromScript = true;
		}
		this.#previousWord = word;
	}

	/** A literal, a quoted identifier or an operator: it stands between words. */
	otherToken(): void {
		this.#previousWord = '';
	}

	#createsRoutine(): boolean {
		const [create, second, third, fourth] = this.#firstWords;
		if (create !== 'create') return false;
		const what = second === 'or' && third === 'replace' ? fourth : second;
		return what === 'function' || what === 'procedure';
	}
}
