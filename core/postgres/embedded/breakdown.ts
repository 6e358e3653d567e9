import { randomUUID } from 'node:crypto';
import { BackupError, errorCode, errorMessage, fileError } from '../../errors';
import type { TextQueries } from '../queries';

/**
 * What an error of the embedded PostgreSQL is that it did not report in its own protocol: it broke down (an abort, a
 * trap, no memory, a module that is not whole), or its files could not be used. It says nothing of the backup.
 *
 * @param directory of its files
 */
export function breakdown(error: unknown, directory: string): BackupError {
	if (error instanceof BackupError) return error;
	if (isOfSystem(error)) return fileError(error, directory);
	const state = errorCode(error);
	const what =
		state !== undefined && sqlState.test(state)
			? `The PostgreSQL inside n8n refused what the drill asked it: ${errorMessage(error)}`
			: `The PostgreSQL inside n8n broke down: ${describe(error)}`;
	return new BackupError('internal', what, {
		advice: 'Drill it on a server, and give n8n more memory if it has little',
		cause: error,
	});
}

/** An SQLSTATE has five characters, digits and capitals; errors of the system begin with E and have no digit. */
const sqlState = /^(?=.*\d)[0-9A-Z]{5}$/;

function isOfSystem(error: unknown): boolean {
	return typeof error === 'object' && error !== null && 'syscall' in error;
}

/** WebAssembly's traps have names of their own, which say as much as their messages. */
function describe(error: unknown): string {
	const name = error instanceof Error && error.name !== 'Error' ? `${error.name}: ` : '';
	return `${name}${errorMessage(error)}`;
}

/**
 * Whether the embedded PostgreSQL still answers what it is asked. One that has broken down within may go on to answer
 * with what it said last, which looks like success, or like a refusal.
 *
 * @throws BackupError `internal`
 */
export async function assertAnswers(queries: TextQueries): Promise<void> {
	const question = randomUUID();
	const answer = await queries
		.query<{ echo: string }>(`SELECT '${question}' AS echo`)
		.then(({ rows }) => rows[0]?.echo)
		.catch((error: unknown) => errorMessage(error));
	if (answer === question) return;
	const said = answer === undefined ? 'nothing' : `“${answer.slice(0, 200)}”`;
	const what = `The PostgreSQL inside n8n broke down while the dump was restored: asked for its health, it says ${said}`;
	throw new BackupError('internal', what, { advice: 'Drill it on a server' });
}
