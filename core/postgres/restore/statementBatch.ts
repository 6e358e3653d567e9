import type pg from 'pg';
import type { Submittable } from 'pg';

/** One statement of a dump as it is sent. */
export interface BatchedStatement {
	text: Buffer;
	/** Its line in the dump. */
	line: number;
}

/** At least one statement. */
export type Batch = readonly [BatchedStatement, ...BatchedStatement[]];

/** `f`: there are no rows. */
const copyFail = Buffer.from('f\0\0\0\x05\0', 'latin1');

/** What the server had against one statement of a batch. */
export class StatementFailure extends Error {
	readonly statement: BatchedStatement;

	constructor(statement: BatchedStatement, cause: Error) {
		super(cause.message, { cause });
		this.statement = statement;
	}
}

/**
 * Statements that travel in one simple-query message, byte for byte as the dump has them, whatever its encoding.
 * One message instead of many saves a round trip each; the server runs them in one transaction and stops at the
 * first that fails (PostgreSQL documentation, 55.2.2.1).
 */
export class StatementBatch implements Submittable {
	/** Settles when the server is ready for the next thing; rejects with a {@link StatementFailure}. */
	readonly done: Promise<void>;
	readonly #statements: Batch;
	#resolve: () => void = () => {};
	#reject: (error: Error) => void = () => {};
	#completed = 0;

	constructor(statements: Batch) {
		this.#statements = statements;
		this.done = new Promise((resolve, reject) => {
			this.#resolve = resolve;
			this.#reject = reject;
		});
		this.done.catch(() => {});
	}

	submit(connection: pg.Connection): void {
		connection.stream.write(queryMessage(this.#statements.map(({ text }) => text)));
	}

	handleCommandComplete(): void {
		this.#completed++;
	}

	handleEmptyQuery(): void {
		this.#completed++;
	}

	handleError(error: Error & { position?: string }): void {
		const failed =
			this.#at(Number(error.position)) ?? this.#statements[this.#completed] ?? this.#statements[0];
		this.#reject(new StatementFailure(failed, error));
	}

	handleReadyForQuery(): void {
		this.#resolve();
	}

	/** Results of `SELECT pg_catalog.setval(…)` and their like are of no interest. */
	handleRowDescription(): void {}
	handleDataRow(): void {}
	handleCopyData(): void {}

	/** No COPY that reads rows gets here, unless a dump hides it well; then the server must not wait for them. */
	handleCopyInResponse(connection: pg.Connection): void {
		connection.stream.write(copyFail);
	}

	/** The statement that holds a position in the message, which the server counts in characters from 1. */
	#at(position: number): BatchedStatement | undefined {
		let end = 0;
		return this.#statements.find(({ text }) => {
			end += characters(text) + 1;
			return position <= end;
		});
	}
}

/** `Q`: a simple query, its statements separated by line ends. */
export function queryMessage(statements: Buffer[]): Buffer {
	const length = statements.reduce((sum, text) => sum + text.length + 1, 0);
	const message = Buffer.allocUnsafe(1 + 4 + length + 1);
	let at = message.writeUInt8(0x51, 0);
	at = message.writeInt32BE(4 + length + 1, at);
	for (const text of statements) {
		at += text.copy(message, at);
		at = message.writeUInt8(0x0a, at);
	}
	message.writeUInt8(0, at);
	return message;
}

/** Characters of UTF-8 are the bytes that are no continuation of one. */
function characters(text: Buffer): number {
	let count = 0;
	for (const byte of text) if ((byte & 0xc0) !== 0x80) count++;
	return count;
}
