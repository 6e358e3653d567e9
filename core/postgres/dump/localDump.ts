import { finished, pipeline } from 'node:stream/promises';
import type { OpenSource, SourceFacts } from '../../artifact';
import { describeEnd, type StartedProgram, startProgram } from '../../process/run';
import { DumpInspector, InspectingStream } from '../census';
import type { PostgresConnection } from '../connection';
import { dumpArguments, type DumpRequest } from '../dumpRequest';
import { serverVersion } from '../server';
import { clientVersion, refuseOlderClient } from './clientVersion';
import { dumpError, dumpWarnings } from './dumpError';
import { dumpFacts } from './dumpFacts';
import { libpqEnvironment } from './libpqEnvironment';

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
		const client = await clientVersion(pgDumpPath, signal);
		const server = await serverVersion({ ...connection, database: request.database }, signal);
		refuseOlderClient(client, server);

		const environment = await libpqEnvironment(
			{ connection, database: request.database, isEncrypted: server.isEncrypted },
			signal,
		);
		const program = startProgram(
			pgDumpPath,
			[...dumpArguments(request), '--format=plain', '--no-password', `--dbname=${keepAlive}`],
			{ environment: environment.variables },
			signal,
		);
		const inspector = new DumpInspector();
		const stream = new InspectingStream(inspector);
		// Who waits for the proof learns of the error there, whether or not anybody reads yet.
		stream.on('error', () => {});
		const proven = prove({ program, stream, inspector, connection, request }).finally(() =>
			environment[Symbol.asyncDispose](),
		);
		proven.catch(() => {});
		return { stream, finished: proven };
	};
}

interface RunningDump {
	program: StartedProgram;
	/** What the program writes, passed on. It ends when it was proven whole. */
	stream: InspectingStream;
	inspector: DumpInspector;
	connection: PostgresConnection;
	request: DumpRequest;
}

/** Success is an exit code of 0, the trailer at the end of the dump, and the stream read to its end. */
async function prove({ program, stream, inspector, connection, request }: RunningDump): Promise<SourceFacts> {
	try {
		const [ended, read] = await Promise.allSettled([
			program.ended,
			pipeline(program.stdout, stream, { end: false }),
		]);
		if (ended.status === 'rejected') throw ended.reason;
		const { exitCode, messages } = ended.value;
		if (exitCode !== 0) {
			throw dumpError({ connection, request, messages, ending: `it ${describeEnd(ended.value)}` });
		}
		if (read.status === 'rejected') throw read.reason;
		const inspection = inspector.conclude();
		stream.end();
		await finished(stream);
		return dumpFacts({
			engine: 'local',
			request,
			inspection,
			warnings: dumpWarnings(messages, connection),
			place: { host: connection.host, port: connection.port },
		});
	} catch (error) {
		stream.destroy(error instanceof Error ? error : undefined);
		throw error;
	}
}
