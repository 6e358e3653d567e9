import { toWorkerError, type WorkerError } from '../../errors/workerError';
import { serveOne } from '../../process/serveOne';
import type { AnswerRow } from '../../query/answer';
import { askDatabase } from './askDatabase';

/** The process that opens a database which was taken out of an archive, so that the one which n8n runs in does not. */

/** The line of its input. */
export interface DatabaseQuery {
	/** Of the copy. */
	location: string;
	sql: string;
	/** One more is said, where there are more. */
	maxRows: number;
}

/** A line of its output; the last one is `end` or `failed`. */
export type DatabaseLine =
	| { kind: 'columns'; columns: string[] }
	| { kind: 'row'; row: AnswerRow }
	| { kind: 'end' }
	| { kind: 'failed'; error: WorkerError };

type Say = (line: DatabaseLine) => void;

async function answerTo({ location, sql, maxRows }: DatabaseQuery, say: Say): Promise<DatabaseLine> {
	try {
		let rows = 0;
		await askDatabase(location, {
			sql,
			onColumns: (columns) => say({ kind: 'columns', columns }),
			onRow: (row) => {
				say({ kind: 'row', row });
				return ++rows <= maxRows;
			},
		});
		return { kind: 'end' };
	} catch (error) {
		return { kind: 'failed', error: toWorkerError(error) };
	}
}

serveOne<DatabaseQuery, DatabaseLine>(answerTo);
