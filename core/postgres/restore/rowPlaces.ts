interface Run {
	/** Rows of this connection before the run. */
	before: number;
	/** Rows of the dump before it. */
	beforeInDump: number;
}

/** Which rows of a table in a dump one connection gets, for errors that name a row. */
export class RowPlaces {
	readonly #runs: Run[] = [];
	#rows = 0;

	/**
	 * More rows for this connection.
	 *
	 * @param beforeInDump rows of the table that come before them in the dump
	 */
	add(rows: number, beforeInDump: number): void {
		const last = this.#runs.at(-1);
		const goesOn = last && this.#rows - last.before === beforeInDump - last.beforeInDump;
		if (!goesOn) this.#runs.push({ before: this.#rows, beforeInDump });
		this.#rows += rows;
	}

	/** How many rows of the dump come before that one, counted from 1, which this connection did not get. */
	skippedBefore(row: number): number {
		const run = this.#runs.findLast(({ before }) => before < row);
		return run ? run.beforeInDump - run.before : 0;
	}
}
