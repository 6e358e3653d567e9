import type pg from 'pg';
import { type BackupError, cancelledError, errorCode } from '../../errors';
import { isSqlState, serverError } from '../connect/serverError';
import type { PostgresConnection } from '../connect/connection';
import { copyTarget } from '../sql';
import { CopyIn } from './copyIn';
import type { DumpSession, RunningCopy } from './dumpSession';
import type { RowPlaces } from './rowPlaces';
import { copiedRow, refusedBy, type ServerRefusal } from './serverRefusal';
import { type BatchedStatement, StatementBatch, StatementFailure } from './statementBatch';

/** A batch goes out when it has either of them. */
const batchBytes = 128 * 1024;
const batchStatements = 200;

/**
 * Feeds statements and rows to one connection, in their order. Statements are collected and sent together, so
 * an error may come up to a batch after its statement was handed in; it names the right one all the same.
 */
export class RestoreSession implements DumpSession {
	readonly #client: pg.Client;
	readonly #connection: PostgresConnection;
	readonly #signal: AbortSignal;
	#isBetweenTransactions = false;
	#batch: BatchedStatement[] = [];
	#bytes = 0;

	constructor(client: pg.Client, connection: PostgresConnection, signal: AbortSignal) {
		this.#client = client;
		this.#connection = connection;
		this.#signal = signal;
		client.connection.on('readyForQuery', ({ status }: { status: string }) => {
			this.#isBetweenTransactions = status === 'I';
		});
	}

	/** Whether others see what it has done so far, and it keeps nothing locked, as the server said when it was last ready. */
	get isBetweenTransactions(): boolean {
		return this.#isBetweenTransactions;
	}

	/** Hands in a statement; it may wait for others before it is sent. */
	async run(statement: BatchedStatement): Promise<void> {
		this.#batch.push(statement);
		this.#bytes += statement.text.length;
		const isFull = this.#bytes >= batchBytes || this.#batch.length >= batchStatements;
		if (isFull) await this.flush();
	}

	/**
	 * Runs one statement by itself that may fail: then nothing of it stays.
	 *
	 * @param forgives whether the server's error is no reason to give up
	 * @throws BackupError for an error that is not forgiven
	 */
	async attempt(statement: BatchedStatement, forgives: (error: ServerRefusal) => boolean): Promise<void> {
		await this.flush();
		try {
			await this.#client.query(new StatementBatch([statement])).done;
		} catch (error) {
			const refusal = refusalOf(error);
			if (!refusal || this.#signal.aborted || !forgives(refusal)) throw this.#explain(statement, error);
		}
	}

	/** Whether the database has a relation of that name, written as SQL writes it, in the dump's bytes. */
	async hasRelation(name: Buffer): Promise<boolean> {
		await this.flush();
		const found = await this.#client.query('SELECT WHERE pg_catalog.to_regclass($1) IS NOT NULL', [name]);
		return found.rowCount === 1;
	}

	/** Sends what waits and returns when the server has run it. */
	async flush(): Promise<void> {
		const [first, ...others] = this.#batch;
		if (!first) return;
		this.#batch = [];
		this.#bytes = 0;
		try {
			await this.#client.query(new StatementBatch([first, ...others])).done;
		} catch (error) {
			throw this.#explain(error instanceof StatementFailure ? error.statement : first, error);
		}
	}

	/** Begins a COPY; nothing else can be run until it has ended. */
	async startCopy(statement: BatchedStatement, places?: RowPlaces): Promise<RunningCopy> {
		await this.flush();
		const copy = this.#client.query(new CopyIn(statement.text));
		const explained = async <Result>(work: Promise<Result>): Promise<Result> => {
			try {
				return await work;
			} catch (error) {
				throw this.#explain(statement, error, places);
			}
		};
		return { write: (rows) => explained(copy.write(rows)), end: () => explained(copy.end()) };
	}

	#explain(statement: BatchedStatement, failure: unknown, places?: RowPlaces): BackupError {
		if (this.#signal.aborted) return cancelledError(failure);
		const refusal = refusalOf(failure);
		if (!refusal)
			return serverError(failure instanceof StatementFailure ? failure.cause : failure, this.#connection);
		const row = copiedRow(refusal.where ?? '', copyTarget(statement.text, 'SQL_ASCII'));
		const rowsBefore = places && row !== undefined ? places.skippedBefore(row) : 0;
		return refusedBy('The server', statement, refusal, rowsBefore);
	}
}

/** What the server says of a failed COPY or statement; undefined for a connection that failed. */
function refusalOf(failure: unknown): ServerRefusal | undefined {
	const cause = failure instanceof StatementFailure ? failure.cause : failure;
	const state = errorCode(cause);
	return state !== undefined && isSqlState(state) ? (cause as ServerRefusal) : undefined;
}
