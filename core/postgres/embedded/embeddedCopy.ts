import type { PGlite } from '@electric-sql/pglite' with { 'resolution-mode': 'import' };
import { type BatchedStatement, StatementFailure } from '../restore/statementBatch';

/** Rows that one COPY takes. More of them at a time only lie in memory twice. */
const pieceBytes = 4 * 1024 * 1024;

const lineEnd = 0x0a;

/** As pg_dump ends a COPY statement. */
const fromStandardInput = / FROM stdin;\s*$/;

/**
 * A COPY of the embedded PostgreSQL. It cannot read from a client, but from a file that is one `Blob`; so the rows are
 * cut at line ends into pieces that each have a COPY of their own. In PostgreSQL's text format a line end is always the
 * end of a row.
 */
export class EmbeddedCopy {
	readonly #database: PGlite;
	readonly #statement: BatchedStatement;
	#piece: Array<Buffer<ArrayBuffer>> = [];
	#bytes = 0;
	#rows = 0;

	constructor(database: PGlite, statement: BatchedStatement) {
		this.#database = database;
		this.#statement = statement;
	}

	/** @param rows are not needed any more once this has returned */
	async write(rows: Buffer): Promise<void> {
		let rest = rows;
		if (this.#bytes + rows.length >= pieceBytes) {
			const end = rows.lastIndexOf(lineEnd) + 1;
			if (end > 0) {
				this.#keep(rows.subarray(0, end));
				await this.#copyPiece();
				rest = rows.subarray(end);
			}
		}
		this.#keep(rest);
	}

	/** @returns how many rows PostgreSQL took */
	async end(): Promise<number> {
		await this.#copyPiece();
		return this.#rows;
	}

	#keep(rows: Buffer): void {
		if (rows.length === 0) return;
		this.#piece.push(Buffer.from(rows));
		this.#bytes += rows.length;
	}

	async #copyPiece(): Promise<void> {
		if (this.#bytes === 0) return;
		const blob = new Blob(this.#piece);
		this.#piece = [];
		this.#bytes = 0;
		const statement = this.#statement.text.toString().replace(fromStandardInput, ` FROM '/dev/blob'`);
		try {
			const { affectedRows } = await this.#database.query(statement, [], { blob });
			this.#rows += affectedRows ?? 0;
		} catch (error) {
			throw error instanceof Error ? new StatementFailure(this.#statement, error) : error;
		}
	}
}
