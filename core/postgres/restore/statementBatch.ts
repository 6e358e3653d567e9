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
 * Statements that travel together, byte for byte as the dump has them, whatever its encoding; the server runs them in
 * one transaction and stops at the first that fails (PostgreSQL documentation, 55.2.3).
 *
 * Each is a message of the extended protocol, which holds exactly one statement: the server itself refuses a text that
 * it reads as two, wherever the dump was cut.
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
		connection.stream.write(batchMessages(this.#statements));
	}

	handleCommandComplete(): void {
		this.#completed++;
	}

	handleEmptyQuery(): void {
		this.#completed++;
	}

	handleError(error: Error): void {
		const failed = this.#statements[this.#completed] ?? this.#statements[0];
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
}

/** What a batch is on the wire. */
export function batchMessages(statements: readonly BatchedStatement[]): Buffer {
	return Buffer.concat([...statements.flatMap(({ text }) => runMessages(text)), sync]);
}

/** `P`: parse a statement without a name and without parameters. */
function runMessages(text: Buffer): Buffer[] {
	const head = Buffer.alloc(6);
	head.writeUInt8(0x50, 0);
	head.writeInt32BE(4 + 1 + text.length + 1 + 2, 1);
	return [head, text, afterText];
}

/** The end of the text and no parameters; `B`: bind it to a portal; `E`: execute that to its end. */
const afterText = Buffer.from('\0\0\0B\0\0\0\x0c\0\0\0\0\0\0\0\0E\0\0\0\x09\0\0\0\0\0', 'latin1');

/** `S`: the batch is complete. */
const sync = Buffer.from('S\0\0\0\x04', 'latin1');

/** `Q`: one statement as a simple query. */
export function queryMessage(statement: Buffer): Buffer {
	const message = Buffer.alloc(1 + 4 + statement.length + 1);
	message.writeUInt8(0x51, 0);
	message.writeInt32BE(message.length - 1, 1);
	statement.copy(message, 5);
	return message;
}
