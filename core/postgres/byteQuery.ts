import type pg from 'pg';
import type { Submittable } from 'pg';

/**
 * A query as bytes, for names that are no UTF-8: databases in SQL_ASCII have them, and pg sends text as UTF-8 only.
 * Its rows come as text.
 */
export class ByteQuery implements Submittable {
	/** The rows, once the server is ready for the next thing; rejects with its error. */
	readonly done: Promise<Array<Array<string | null>>>;
	readonly #sql: Buffer;
	readonly #rows: Array<Array<string | null>> = [];
	#resolve: (rows: Array<Array<string | null>>) => void = () => {};
	#reject: (error: Error) => void = () => {};

	constructor(sql: Buffer) {
		this.#sql = sql;
		this.done = new Promise((resolve, reject) => {
			this.#resolve = resolve;
			this.#reject = reject;
		});
		this.done.catch(() => {});
	}

	submit(connection: pg.Connection): void {
		const head = Buffer.alloc(5);
		head.write('Q', 0, 'latin1');
		head.writeInt32BE(4 + this.#sql.length + 1, 1);
		connection.stream.write(Buffer.concat([head, this.#sql, Buffer.alloc(1)]));
	}

	handleDataRow({ fields }: { fields: Array<string | null> }): void {
		this.#rows.push(fields);
	}

	handleError(error: Error): void {
		this.#reject(error);
	}

	handleReadyForQuery(): void {
		this.#resolve(this.#rows);
	}

	handleRowDescription(): void {}
	handleCommandComplete(): void {}
}
