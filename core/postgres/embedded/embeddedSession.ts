import type { PGlite } from '@electric-sql/pglite' with { 'resolution-mode': 'import' };
import type { DumpSession } from '../restore/dumpSession';
import { refusedBy, type ServerRefusal } from '../restore/serverRefusal';
import type { BatchedStatement } from '../restore/statementBatch';
import { encodingSetting } from '../sql/encoding';
import { EmbeddedCopy } from './embeddedCopy';
import { runStatement } from './runStatement';

/**
 * Feeds a dump's statements and rows to the embedded PostgreSQL, as `RestoreSession` does to a server: byte for byte, in
 * UTF-8 or SQL_ASCII. There is no way to the server that statements would have to share, so
 * each runs at once.
 */
export class EmbeddedSession implements DumpSession {
	readonly #database: PGlite;

	constructor(database: PGlite) {
		this.#database = database;
	}

	async run(statement: BatchedStatement): Promise<void> {
		await this.attempt(statement, () => false);
	}

	async attempt(statement: BatchedStatement, forgives: (error: ServerRefusal) => boolean): Promise<void> {
		const { refusal } = await runStatement(this.#database, asHere(statement));
		if (refusal && !forgives(refusal)) throw refusedBy('PostgreSQL', statement, refusal);
	}

	async hasRelation(name: Buffer): Promise<boolean> {
		const literal = name.toString('latin1').replaceAll("'", "''");
		const text = `SELECT WHERE pg_catalog.to_regclass('${literal}') IS NOT NULL`;
		const { tag } = await runStatement(this.#database, { text: Buffer.from(text, 'latin1'), line: 0 });
		return tag === 'SELECT 1';
	}

	async flush(): Promise<void> {}

	async startCopy(statement: BatchedStatement): Promise<EmbeddedCopy> {
		return new EmbeddedCopy(this.#database, statement);
	}
}

/** A statement as this PostgreSQL takes it, which means the same. */
function asHere({ text, line }: BatchedStatement): BatchedStatement {
	// What the dump says its texts are in, they were in before they got here.
	const encoding = encodingSetting(text);
	const isTaken = encoding === undefined || encoding === 'UTF8' || encoding === 'SQL_ASCII';
	if (!isTaken) return { text: Buffer.from(`SET client_encoding = 'UTF8';`), line };
	// A single-user session began as nobody: with nobody to go back to, it stays who it is.
	const endsAuthorization = text.length < 50 && text.toString('latin1') === 'RESET SESSION AUTHORIZATION;';
	return endsAuthorization
		? { text: Buffer.from('SET SESSION AUTHORIZATION postgres;'), line }
		: { text, line };
}
