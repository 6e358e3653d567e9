import type pg from 'pg';
import { BackupError, cancelledError, errorCode, errorMessage } from '../../errors';
import { isSqlState, serverError } from '../serverError';
import type { PostgresConnection } from '../connection';
import { copyTarget } from '../sql';
import { CopyIn } from './copyIn';
import { type BatchedStatement, StatementBatch, StatementFailure } from './statementBatch';

/** A batch goes out when it has either of them. */
const batchBytes = 128 * 1024;
const batchStatements = 200;

/** A COPY that waits for rows, in whatever pieces they come. */
export interface RunningCopy {
	/** Sends a piece and waits until the connection takes more. */
	write(rows: Buffer): Promise<void>;
	/** Ends it and answers how many rows the server took. */
	end(): Promise<number>;
}

/**
 * Feeds statements and rows to one connection, in their order. Statements are collected and sent together, so
 * an error may come up to a batch after its statement was handed in; it names the right one all the same.
 */
export class RestoreSession {
	readonly #client: pg.Client;
	readonly #connection: PostgresConnection;
	readonly #signal: AbortSignal;
	#batch: BatchedStatement[] = [];
	#bytes = 0;

	constructor(client: pg.Client, connection: PostgresConnection, signal: AbortSignal) {
		this.#client = client;
		this.#connection = connection;
		this.#signal = signal;
	}

	/** Hands in a statement; it may wait for others before it is sent. */
	async run(statement: BatchedStatement): Promise<void> {
		this.#batch.push(statement);
		this.#bytes += statement.text.length;
		const isFull = this.#bytes >= batchBytes || this.#batch.length >= batchStatements;
		if (isFull || changesReading(statement)) await this.flush();
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
	async startCopy(statement: BatchedStatement): Promise<RunningCopy> {
		await this.flush();
		const copy = this.#client.query(new CopyIn(statement.text));
		const explained = async <Result>(work: Promise<Result>): Promise<Result> => {
			try {
				return await work;
			} catch (error) {
				throw this.#explain(statement, error);
			}
		};
		return { write: (rows) => explained(copy.write(rows)), end: () => explained(copy.end()) };
	}

	#explain(statement: BatchedStatement, failure: unknown): BackupError {
		if (this.#signal.aborted) return cancelledError(failure);
		const cause = failure instanceof StatementFailure ? failure.cause : failure;
		const state = errorCode(cause);
		if (state === undefined || !isSqlState(state)) return serverError(cause, this.#connection);
		return new BackupError('server', `${describe(statement, cause)}: ${errorMessage(cause)}`, {
			advice: adviceFor(state, errorMessage(cause)),
			cause,
		});
	}
}

/** A message is decoded and parsed as a whole, so what follows such a setting must come in another one. */
function changesReading({ text }: BatchedStatement): boolean {
	return /^SET (?:client_encoding|standard_conforming_strings) /.test(text.toString('latin1', 0, 40));
}

/** Which statement it was, in words: where it stands in the dump and how it begins. */
function describe(statement: BatchedStatement, error: unknown): string {
	const text = statement.text.toString('utf8', 0, 400);
	const where = typeof error === 'object' && error && 'where' in error ? String(error.where) : '';
	const row = /^COPY .*, line (\d+)/.exec(where)?.[1];
	if (row) {
		const line = statement.line + Number(row);
		return `The server refused line ${line} of the dump, row ${row} of ${copyTarget(statement.text)}`;
	}
	const start = text.replace(/\s+/g, ' ');
	const shown = start.length > 100 ? `${start.slice(0, 100)}…` : start;
	return `The server refused line ${statement.line} of the dump (${shown})`;
}

function adviceFor(state: string, message: string): string {
	if (state === '42704' && /^role /.test(message)) {
		return 'Create that role on the server first, give the objects to another owner, or leave out what names missing roles';
	}
	switch (state) {
		case '42501':
			return 'Restore as a superuser or as the owner, or leave owners and privileges out';
		case '53100':
			return 'Free space on the server’s disk, then restore again; the half-restored database is gone already';
		case '58P01':
		case '0A000':
			return 'Install that extension or feature on the server, or restore into a server that has it';
		default:
			return 'Look at that line of the dump; nothing that was there before was changed';
	}
}
