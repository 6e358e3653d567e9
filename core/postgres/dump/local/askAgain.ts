import { BackupError, errorCode } from '../../../errors';
import { withClient } from '../../connect/client';
import type { PostgresConnection } from '../../connect/connection';
import { isSqlState } from '../../connect/serverError';

/** Milliseconds that asking again may take. */
const patienceMs = 5_000;

/** The statement that pg_dump says failed, whatever the language of what is said of it. */
const failed =
	/^\S*pg_dump(?:\.exe)?: (?:\w+: +)?(?:query|command) was: (.*(?:\n(?!\S*pg_dump(?:\.exe)?: ).*)*)/im;

/**
 * The SQLSTATE of what a pg_dump failed with whose connection did not pass through here, and whose server speaks
 * another language: what it failed on is asked of the server again, as far as that is harmless and quick.
 *
 * @param messages what pg_dump wrote to its standard error
 * @returns undefined when it cannot be found out, or does not fail this time
 */
export async function sqlStateAskedAgain(
	connection: PostgresConnection,
	database: string,
	messages: string,
): Promise<string | undefined> {
	const question = harmless(failed.exec(messages)?.[1] ?? '');
	if (question === undefined) return undefined;
	try {
		await withClient(connection, { database }, AbortSignal.timeout(patienceMs), async (client) => {
			await client.query(`BEGIN READ ONLY; SET LOCAL row_security = off; SET LOCAL lock_timeout = 500`);
			await client.query(question);
		});
		return undefined;
	} catch (error) {
		const code = errorCode(error instanceof BackupError ? error.cause : error);
		return code !== undefined && isSqlState(code) ? code : undefined;
	}
}

/** What asks for the same tables and rights, and returns nothing. */
function harmless(statement: string): string | undefined {
	if (/^LOCK TABLE [^;]+ IN ACCESS SHARE MODE;?$/i.test(statement.trim())) return statement;
	const copied = /^COPY ((?:"(?:[^"]|"")*"|[^\s"(])+) \(([^]*)\) TO stdout;?$/i.exec(statement.trim());
	return copied ? `SELECT ${copied[2]} FROM ONLY ${copied[1]} LIMIT 0` : undefined;
}
