import type { PGlite } from '@electric-sql/pglite' with { 'resolution-mode': 'import' };
import { BackupError } from '../../errors';
import type { ServerRefusal } from '../restore/serverRefusal';
import { type BatchedStatement, batchMessages } from '../restore/statementBatch';

/** What became of one statement. */
export interface Outcome {
	/** What PostgreSQL has against it: then nothing of it stays. */
	refusal?: ServerRefusal;
	/** How PostgreSQL calls what it did: `COPY 3`. */
	tag: string;
}

/**
 * Runs one statement in the embedded PostgreSQL.
 *
 * @throws BackupError `internal` when PostgreSQL says neither that it is done nor why not: it does not work any more
 */
export async function runStatement(database: PGlite, statement: BatchedStatement): Promise<Outcome> {
	const { messages } = await database.execProtocol(batchMessages([statement]), {
		syncToFs: false,
		throwOnError: false,
	});
	const refusal = messages.find(({ name }) => name === 'error');
	if (refusal) return { refusal: refusal as unknown as ServerRefusal, tag: '' };
	const done = messages.find(({ name }) => name === 'commandComplete' || name === 'emptyQuery');
	if (done) return { tag: 'text' in done ? String(done.text) : '' };
	throw noAnswer(statement);
}

/** PostgreSQL says neither that it is done nor why not: it does not work any more. */
export function noAnswer({ line }: BatchedStatement): BackupError {
	const what = `The PostgreSQL inside n8n broke down: it gave no answer to line ${line} of the dump`;
	return new BackupError('internal', what, { advice: 'Drill it on a server' });
}
