import type { PGlite } from '@electric-sql/pglite' with { 'resolution-mode': 'import' };
import { type BatchedStatement, queryMessage, StatementFailure } from '../restore/statementBatch';
import { EmbeddedCopy } from './embeddedCopy';

/**
 * Feeds a dump's statements and rows to the embedded PostgreSQL, as `RestoreSession` does to a server: byte for byte
 * as the dump has them, whatever its encoding. There is no way to the server that statements would have to share, so
 * each runs at once.
 */
export class EmbeddedSession {
	readonly #database: PGlite;

	constructor(database: PGlite) {
		this.#database = database;
	}

	/** @throws StatementFailure that names the statement and holds PostgreSQL's error */
	async run(statement: BatchedStatement): Promise<void> {
		const { messages } = await this.#database.execProtocol(queryMessage(statement.text), {
			syncToFs: false,
			throwOnError: false,
		});
		const error = messages.find(({ name }) => name === 'error');
		if (error instanceof Error) throw new StatementFailure(statement, error);
	}

	/** Begins a `COPY … FROM stdin`. */
	startCopy(statement: BatchedStatement): EmbeddedCopy {
		return new EmbeddedCopy(this.#database, statement);
	}
}
