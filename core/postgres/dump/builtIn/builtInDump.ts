import { addAbortListener } from 'node:events';
import type { Duplex } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { OpenSource, SourceFacts } from '../../../artifact';
import { BackupError, cancelledError, networkError } from '../../../errors';
import { DumpInspector } from '../../census';
import { askActivity } from '../../connect/client';
import { openTransport } from '../../connect/transport';
import { connectTimeoutOf, describeServer, type PostgresConnection } from '../../connect/connection';
import { dumpArguments, type DumpRequest } from '../dumpRequest';
import { watchForSilence } from '../../connect/silence';
import { cancelSession } from './cancelSession';
import { dumpError, dumpWarnings } from '../dumpError';
import { dumpFacts } from '../dumpFacts';
import { loginVariables } from '../libpqVariables';
import { newSessionName } from '../sessionName';
import type { Survey } from '../survey/survey';
import { surveyOverTheNetwork } from '../surveyOverTheNetwork';
import { type PgDumpThread, startPgDump, takePgDumpThread } from './pgDumpThread';
import { pgDumpProgram } from './wasmProgram';
import type { PgDumpExit } from './worker/messages';

/**
 * A dump by the engine `built-in`: PostgreSQL's own pg_dump as WebAssembly in a worker thread, over a connection
 * that Node opens. No program besides Node takes part.
 */
export function builtInDump(connection: PostgresConnection, request: DumpRequest): OpenSource {
	return async (signal) => {
		const { thread: loaded, program, survey, server } = await prepare(connection, request, signal);
		const inspector = new DumpInspector();
		const applicationName = newSessionName();
		const thread = startPgDump({
			thread: loaded,
			program,
			args: dumpArguments(survey.request),
			environment: {
				...loginVariables(connection, request.database, applicationName),
				PGHOST: 'localhost',
				PGPORT: String(connection.port),
				// Node has done the encryption already.
				PGSSLMODE: 'disable',
			},
			server,
			inspect: (chunk) => inspector.take(chunk),
			cancel: (sessionKey) => void cancelSession(connection, sessionKey),
		});
		giveUpSilent(server, connection, (error) => thread.output.destroy(error));
		const stopWatching = watchForSilence(connection, {
			...thread.traffic,
			ask: async () => await askActivity({ ...connection, database: request.database }, { applicationName }),
			giveUp: (error) => void thread.output.destroy(error),
		});
		const cancellation = addAbortListener(signal, () => thread.output.destroy(cancelledError(signal.reason)));
		const facts = finish(thread, connection, survey, inspector).finally(() => {
			stopWatching();
			cancellation[Symbol.dispose]();
		});
		facts.catch(() => {});
		return { stream: thread.output, finished: facts, expectedBytes: survey.databaseBytes };
	};
}

/** The thread is loaded while the server is asked. */
async function prepare(connection: PostgresConnection, request: DumpRequest, signal: AbortSignal) {
	const thread = takePgDumpThread();
	try {
		const [program, survey] = await Promise.all([
			pgDumpProgram(),
			surveyOverTheNetwork(connection, request, signal),
		]);
		return { thread, program, survey, server: await openTransport(connection, signal) };
	} catch (error) {
		await thread.end();
		throw error;
	}
}

/** Success is an exit code of 0, the trailer at the end of the dump, and the stream read to its end. */
async function finish(
	thread: PgDumpThread,
	connection: PostgresConnection,
	survey: Survey,
	inspector: DumpInspector,
): Promise<SourceFacts> {
	const { output } = thread;
	const { request } = survey;
	try {
		const exit = await thread.exit;
		if (output.destroyed) throw output.errored ?? abandoned();
		if (exit.exitCode !== 0) {
			throw dumpError({
				connection,
				request,
				messages: exit.messages,
				sqlState: thread.serverFault()?.sqlState,
				connectionError: thread.connectionError(),
				isMemoryFull: exit.isMemoryFull,
				ending: describeExit(exit),
			});
		}
		const inspection = inspector.finish();
		const unchecked = await survey.check(inspection.census);
		output.end();
		await finished(output, { cleanup: true });
		return dumpFacts({
			engine: 'built-in',
			request,
			inspection,
			properties: survey.properties,
			n8n: survey.n8n,
			warnings: [...survey.warnings, ...dumpWarnings(exit.messages, connection), ...unchecked],
			place: { host: connection.host, port: connection.port },
		});
	} catch (error) {
		output.destroy(error instanceof Error ? error : undefined);
		throw error;
	}
}

/** pg_dump itself would wait forever for a server that takes the connection and then says nothing. */
function giveUpSilent(
	server: Duplex,
	connection: PostgresConnection,
	giveUp: (error: BackupError) => void,
): void {
	const timer = setTimeout(
		() => giveUp(networkError({ code: 'ETIMEDOUT' }, describeServer(connection))),
		connectTimeoutOf(connection),
	);
	server.once('data', () => clearTimeout(timer)).once('close', () => clearTimeout(timer));
}

function describeExit({ exitCode, crash }: PgDumpExit): string {
	if (crash !== undefined) return crash;
	return exitCode === undefined ? 'its thread ended without a word' : `it ended with exit code ${exitCode}`;
}

function abandoned(): BackupError {
	return new BackupError('incomplete', 'The dump was given up before its end', {
		advice: 'Look for the error that came before this one',
	});
}
