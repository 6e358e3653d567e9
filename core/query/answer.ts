/** A value as JSON can hold it without loss. */
export type JsonValue = string | number | boolean | null | JsonValue[] | { [name: string]: JsonValue };

export type AnswerRow = Record<string, JsonValue>;

/** Characters of JSON that an answer has at most, since it is held in memory as a whole. */
const maxLength = 256 * 1024 * 1024;

/** What a query of a backup gave. */
export interface QueryAnswer {
	/** Names of the columns, in their order; none twice. */
	columns: string[];
	rows: AnswerRow[];
	/** Whether there were more rows than the limit. */
	isCut: boolean;
	/** What was left out or cannot be relied on, in sentences. */
	notes: string[];
	/** Milliseconds, with all that came before it. */
	durationMs: number;
}

/** Columns as the keys of an object, where no two may be the same: a second `id` becomes `id_2`. */
export function uniqueNames(names: readonly string[]): string[] {
	const taken = new Set<string>();
	const given = new Set(names);
	return names.map((name) => {
		let unique = name;
		for (let number = 2; taken.has(unique) || (unique !== name && given.has(unique)); number++)
			unique = `${name}_${number}`;
		taken.add(unique);
		return unique;
	});
}

/** A row as an object, whatever its columns are called. */
export function rowOf(columns: readonly string[], values: readonly JsonValue[]): AnswerRow {
	return Object.fromEntries(columns.map((column, at) => [column, values[at] ?? null]));
}

/** Collects the rows of an answer, up to its limits. */
export class AnswerRows {
	columns: string[] = [];
	readonly #rows: AnswerRow[] = [];
	readonly #maxRows: number;
	#length = 0;
	#isCut = false;

	constructor(maxRows: number) {
		this.#maxRows = maxRows;
	}

	/** Takes a row, or notices that it is one too many. */
	add(row: AnswerRow, length = JSON.stringify(row).length): void {
		this.#length += length;
		if (this.#rows.length >= this.#maxRows || this.#length > maxLength) this.#isCut = true;
		else this.#rows.push(row);
	}

	finish(): Omit<QueryAnswer, 'durationMs'> {
		const rows = this.#rows;
		const notes = this.#isCut
			? [`There are more rows than the ${rows.length} that are here. Raise the limit, or ask for fewer.`]
			: [];
		return { columns: this.columns, rows, isCut: this.#isCut, notes };
	}
}
