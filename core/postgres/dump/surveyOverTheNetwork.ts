import { openSession, type Session } from '../connect/client';
import { describeServer, type PostgresConnection } from '../connect/connection';
import type { DumpRequest } from './dumpRequest';
import { queryTexts } from '../connect/serverText';
import { type Ask, type Survey, surveyDatabase } from './survey/survey';

/**
 * Surveys a database over connections of its own: one for all that is asked before the dump, and another one after it,
 * which may be hours later. It is the first that is done to a server: behind a pooler that shares sessions it is the last.
 *
 * @throws BackupError as `openClient` and `surveyDatabase` do
 */
export async function surveyOverTheNetwork(
	connection: PostgresConnection,
	request: DumpRequest,
	signal: AbortSignal,
): Promise<Survey> {
	const open = async () => await openSession(connection, { database: request.database }, signal);
	const askIn =
		(session: Session): Ask =>
		async (question) =>
			await session.use(async (client) => await queryTexts(client, question));
	await using session = await open();
	return await surveyDatabase(
		{
			before: askIn(session),
			async after(question) {
				await using later = await open();
				return await askIn(later)(question);
			},
		},
		describeServer(connection),
		request,
	);
}
