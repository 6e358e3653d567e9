import { withClient } from '../connect/client';
import { describeServer, type PostgresConnection } from '../connect/connection';
import type { DumpRequest } from './dumpRequest';
import { queryTexts } from '../connect/serverText';
import { type Survey, surveyDatabase } from './survey/survey';

/**
 * Surveys a database over connections of its own. It is the first that is done to a server: behind a pooler that shares
 * sessions it is the last.
 *
 * @throws BackupError as `openClient` and `surveyDatabase` do
 */
export async function surveyOverTheNetwork(
	connection: PostgresConnection,
	request: DumpRequest,
	signal: AbortSignal,
): Promise<Survey> {
	const ask = async (question: string) =>
		await withClient(
			connection,
			{ database: request.database },
			signal,
			async (client) => await queryTexts(client, question),
		);
	return await surveyDatabase(ask, describeServer(connection), request);
}
