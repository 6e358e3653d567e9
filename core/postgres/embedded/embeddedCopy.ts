import type { PGlite } from '@electric-sql/pglite' with { 'resolution-mode': 'import' };
import { BackupError } from '../../errors';
import type { RunningCopy } from '../restore/dumpSession';
import { refusedBy } from '../restore/serverRefusal';
import type { BatchedStatement } from '../restore/statementBatch';
import { noAnswer, runStatement } from './runStatement';

/** Rows that one COPY takes. More of them at a time only lie in memory twice. */
const pieceBytes = 4 * 1024 * 1024;

const lineEnd = 0x0a;

/** As pg_dump ends a COPY statement. */
const fromStandardInput = /\sFROM\s+stdin\s*;\s*$/i;

/**
 * A COPY of the embedded PostgreSQL. It cannot read from a client, but from a file that is one `Blob`; so the rows are
 * cut at line ends into pieces that each have a COPY of their own. In PostgreSQL's text format a line end is always the
 * end of a row.
 */
export class EmbeddedCopy implements RunningCopy {
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

	/** A COPY without rows runs, too: it may be refused all the same. */
	async end(): Promise<number> {
		if (this.#bytes > 0 || this.#rows === 0) await this.#copyPiece();
		return this.#rows;
	}

	#keep(rows: Buffer): void {
		if (rows.length === 0) return;
		this.#piece.push(Buffer.from(rows));
		this.#bytes += rows.length;
	}

	async #copyPiece(): Promise<void> {
		const blob = new Blob(this.#piece);
		this.#piece = [];
		this.#bytes = 0;
		await this.#database._handleBlob(blob);
		const { refusal, tag } = await runStatement(this.#database, fromBlob(this.#statement));
		await this.#database._cleanupBlob();
		if (refusal) throw refusedBy('PostgreSQL', this.#statement, refusal, this.#rows);
		const rows = /^COPY (\d+)/.exec(tag)?.[1];
		if (rows === undefined) throw noAnswer(this.#statement);
		this.#rows += Number(rows);
	}
}

function fromBlob({ text, line }: BatchedStatement): BatchedStatement {
	const written = text.toString('latin1');
	if (!fromStandardInput.test(written)) {
		const what = `The embedded PostgreSQL cannot take the rows of line ${line} of the dump`;
		throw new BackupError('unsupported', what, { advice: 'Drill it on a server' });
	}
	return { text: Buffer.from(written.replace(fromStandardInput, ` FROM '/dev/blob'`), 'latin1'), line };
}
