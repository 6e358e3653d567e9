import { finished, pipeline } from 'node:stream/promises';
import type { OpenSource, Source, SourceFacts } from '../../artifact';
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
		const dump = followProgram(program, connection, request);
		const proven = dump.finished.finally(() => environment[Symbol.asyncDispose]());
		proven.catch(() => {});
		return { stream: dump.stream, finished: proven };
	};
}

/** What the program writes, inspected in passing. It ends only after the program has ended well. */
function followProgram(
	program: StartedProgram,
	connection: PostgresConnection,
	request: DumpRequest,
): Source {
	const inspector = new DumpInspector();
	let facts: SourceFacts | undefined;
	const stream = new InspectingStream(inspector, async () => {
		const end = await program.ended;
		if (end.exitCode !== 0) {
			const { messages } = end;
			throw dumpError({ connection, request, messages, ending: `it ${describeEnd(end)}` });
		}
		facts = dumpFacts({
			engine: 'local',
			request,
			inspection: inspector.conclude(),
			warnings: dumpWarnings(end.messages, connection),
			place: { host: connection.host, port: connection.port },
		});
	});
	const prove = async () => {
		const [ended, read] = await Promise.allSettled([program.ended, throughTo(stream, program)]);
		// Why the program ended explains why there was nothing more to read.
		if (ended.status === 'rejected') throw ended.reason;
		if (read.status === 'rejected') throw read.reason;
		return facts!;
	};
	return { stream, finished: prove() };
}

/** Resolves when the stream has passed everything on and was read to its end. */
async function throughTo(stream: InspectingStream, program: StartedProgram): Promise<void> {
	const read = finished(stream);
	await Promise.all([pipeline(program.stdout, stream), read]);
}
