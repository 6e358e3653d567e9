import { tmpdir } from 'node:os';
import { finished } from 'node:stream/promises';
import type { OpenSource, Source, SourceFacts } from '../../../artifact';
import { type ReceivedBlocks, receiveBlocks } from '../../../blocks';
import { fileError } from '../../../errors';
import { openProgramOutput } from '../../../process/programOutput';
import { describeEnd, type ProgramEnd, startProgram } from '../../../process/run';
import { DumpInspector } from '../../census';
import { askActivity } from '../../connect/client';
import type { PostgresConnection } from '../../connect/connection';
import { dumpArguments, type DumpRequest } from '../dumpRequest';
import { serverVersion } from '../../connect/server';
import { sqlStateAskedAgain } from './askAgain';
import { watchForSilence } from '../../connect/silence';
import { clientVersion, assertClientNotOlder } from './clientVersion';
import { dumpError, dumpWarnings } from '../dumpError';
import { dumpFacts } from '../dumpFacts';
import { libpqEnvironment } from './libpqEnvironment';
import { newSessionName } from '../sessionName';
import type { Survey } from '../survey/survey';
import { surveyOverTheNetwork } from '../surveyOverTheNetwork';

export interface LocalDumpOptions {
	/** A path, or a name to look up on n8n's PATH. */
	pgDumpPath: string;
}

/**
 * The connection string: nothing but how libpq is to notice a server that vanished without a word, for which
 * there are no variables. Everything else comes by environment.
 */
const keepAlive = 'keepalives=1 keepalives_idle=30 keepalives_interval=10 keepalives_count=3';

/** A dump by the engine `local`: a pg_dump that is installed where n8n runs. */
export function localDump(
	connection: PostgresConnection,
	request: DumpRequest,
	{ pgDumpPath }: LocalDumpOptions,
): OpenSource {
	return async (signal) => {
		const [client, server] = await Promise.all([
			clientVersion(pgDumpPath, signal),
			serverVersion({ ...connection, database: request.database }, signal),
		]);
		assertClientNotOlder(client, server);
		const survey = await surveyOverTheNetwork(connection, request, signal);

		const applicationName = newSessionName();
		const environment = await libpqEnvironment(
			{ connection, database: request.database, applicationName, isEncrypted: server.isEncrypted },
			signal,
		);
		const { reader, writer } = await openProgramOutput().catch(async (error: unknown) => {
			await environment[Symbol.asyncDispose]();
			throw fileError(error, tmpdir());
		});
		const inspector = new DumpInspector();
		const blocks = receiveBlocks(reader, (block) => inspector.take(block));
		const silence = new AbortController();
		const program = startProgram(
			pgDumpPath,
			[...dumpArguments(survey.request), '--format=plain', '--no-password', `--dbname=${keepAlive}`],
			{ environment: environment.variables, output: writer },
			AbortSignal.any([signal, silence.signal]),
		);
		const stopWatching = watchForSilence(connection, {
			progress: () => reader.bytesRead,
			awaitsServer: () => blocks.hasRoom(),
			ask: async () => await askActivity({ ...connection, database: request.database }, { applicationName }),
			giveUp: (error) => silence.abort(error),
		});
		// What is left to do needs nothing more of pg_dump's session.
		reader.once('close', stopWatching);
		const ended = program.ended.catch((error: unknown) => {
			throw silence.signal.aborted ? silence.signal.reason : error;
		});
		const dump = followProgram(ended, blocks, { connection, survey, inspector });
		const facts = dump.finished.finally(() => environment[Symbol.asyncDispose]());
		facts.catch(() => {});
		return { stream: dump.stream, finished: facts, expectedBytes: survey.databaseBytes };
	};
}

interface Followed {
	connection: PostgresConnection;
	survey: Survey;
	inspector: DumpInspector;
}

/** What the program writes. It ends only after the program has ended well. */
function followProgram(
	ended: Promise<ProgramEnd>,
	{ stream, received }: ReceivedBlocks,
	{ connection, survey, inspector }: Followed,
): Source {
	const { request } = survey;
	const finish = async (): Promise<SourceFacts> => {
		try {
			const end = await ended;
			// Why the program ended explains why there was nothing more to read.
			if (end.exitCode !== 0) {
				const { messages } = end;
				throw dumpError({
					connection,
					request,
					messages,
					sqlState: await sqlStateAskedAgain(connection, request.database, messages),
					ending: `it ${describeEnd(end)}`,
				});
			}
			await received;
			const inspection = inspector.finish();
			const unchecked = await survey.check(inspection.census);
			stream.end();
			await finished(stream, { cleanup: true });
			return dumpFacts({
				engine: 'local',
				request,
				inspection,
				properties: survey.properties,
				n8n: survey.n8n,
				warnings: [...survey.warnings, ...dumpWarnings(end.messages, connection), ...unchecked],
				place: { host: connection.host, port: connection.port },
			});
		} catch (error) {
			stream.destroy(error instanceof Error ? error : undefined);
			throw error;
		}
	};
	return { stream, finished: finish() };
}
