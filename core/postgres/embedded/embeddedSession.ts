import type { PGlite } from '@electric-sql/pglite' with { 'resolution-mode': 'import' };
import { type BatchedStatement, queryMessage, StatementFailure } from '../restore/statementBatch';
import { EmbeddedCopy } from './embeddedCopy';

/** A batch goes out when it has either of them. */
const batchBytes = 128 * 1024;
const batchStatements = 200;

/**
 * Feeds a dump's statements and rows to the embedded PostgreSQL, as `RestoreSession` does to a server: byte for byte
 * as the dump has them, whatever its encoding.
 */
export class EmbeddedSession {
	readonly #database: PGlite;
	#batch: BatchedStatement[] = [];
	#bytes = 0;

	constructor(database: PGlite) {
		this.#database = database;
	}

	/** Hands in a statement; it may wait for others before it is run. */
	async run(statement: BatchedStatement): Promise<void> {
		this.#batch.push(statement);
		this.#bytes += statement.text.length;
		if (this.#bytes >= batchBytes || this.#batch.length >= batchStatements) await this.flush();
	}

	/** @throws StatementFailure that names the statement and holds PostgreSQL's error */
	async flush(): Promise<void> {
		const batch = this.#batch;
		if (batch.length === 0) return;
		this.#batch = [];
		this.#bytes = 0;
		await runBatch(this.#database, batch);
	}

	/** Begins a `COPY … FROM stdin`, after what was handed in before it. */
	async startCopy(statement: BatchedStatement): Promise<EmbeddedCopy> {
		await this.flush();
		return new EmbeddedCopy(this.#database, statement);
	}
}

async function runBatch(database: PGlite, batch: BatchedStatement[]): Promise<void> {
	const { messages } = await database.execProtocol(queryMessage(batch.map(({ text }) => text)), {
		syncToFs: false,
		throwOnError: false,
	});
	const error = messages.find(({ name }) => name === 'error');
	if (!(error instanceof Error)) return;
	const completed = messages.filter(({ name }) => name === 'commandComplete' || name === 'emptyQuery').length;
	throw new StatementFailure(batch[completed] ?? batch[0]!, error);
}
