import type { Readable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import type { OpenSource, Source, SourceFacts } from '../../../artifact';
import {
	connectDocker,
	type Container,
	type DockerClient,
	type DockerConnection,
	findContainer,
	recoverLeftovers,
	type RunningExec,
	startExec,
} from '../../../docker';
import { type DumpInspection, DumpInspector, InspectingStream } from '../../census';
import { describeServer } from '../../connect/connection';
import { dumpArguments, type DumpRequest } from '../dumpRequest';
import { type ContainerLogin, containerProgram } from './containerProgram';
import {
	askContainerForLines,
	askContainerServer,
	containerPlace,
	type ContainerServer,
} from './containerServer';
import { dumpError, dumpWarnings } from '../dumpError';
import { dumpFacts } from '../dumpFacts';
import { type ContainerTarget, stateOfFailure } from './failedState';
import { newSessionName } from '../sessionName';
import { surveyDatabase } from '../survey/survey';
import { watchExec } from './watchExec';

/**
 * A dump by the engine `docker`: the pg_dump inside the server's own container, so that versions always match.
 * It is not compressed in there: that would spare the engine bytes, but they would have to be decompressed for
 * the census and compressed again, which took longer in every measurement.
 *
 * @param reference of the container, as `findContainer` understands it
 * @param request an empty database name means the one that the container's environment names
 */
export function dockerDump(
	connection: DockerConnection,
	reference: string,
	request: DumpRequest,
	login: ContainerLogin = {},
): OpenSource {
	return async (signal) => {
		const { client, container, warnings } = await openContainer(connection, reference, signal);
		const target = { container, login, database: request.database };
		const server = await askContainerServer(client, target, signal);
		const ask = async (question: string) => await askContainerForLines(client, target, question, signal);
		const survey = await surveyDatabase(
			{ before: ask, after: ask },
			describeServer(containerPlace(container)),
			{ ...request, database: server.database },
		);
		const argv: [string, ...string[]] = [
			'pg_dump',
			...dumpArguments(survey.request),
			'--format=plain',
			'--no-password',
		];
		const applicationName = newSessionName();
		const exec = await startExec(
			client,
			containerProgram({ ...target, applicationName, argv, inEnglish: server.canSpeakEnglish }),
			signal,
		);
		watchExec(exec, { client, target, applicationName, idleTimeoutMs: request.idleTimeoutMs });
		const dumping = { client, target, exec, request: survey.request, signal };
		const dumped = inspected(dumping, async (inspection, messages) => {
			const unchecked = await survey.check(inspection.census);
			const said = dumpWarnings(messages, containerPlace(container));
			return dumpFacts({
				engine: 'docker',
				request: survey.request,
				inspection,
				properties: survey.properties,
				n8n: survey.n8n,
				warnings: [...warnings, ...survey.warnings, ...said, ...unchecked],
				place: { container: container.name },
			});
		});
		return { ...dumped, expectedBytes: survey.databaseBytes };
	};
}

/**
 * What belongs to the whole server rather than to a database: roles with their passwords' hashes, and tablespaces,
 * by the container's own pg_dumpall. A dump of a database refers to these roles and does not contain them.
 */
export function dockerGlobals(
	connection: DockerConnection,
	reference: string,
	login: ContainerLogin = {},
): OpenSource {
	return async (signal) => {
		const { client, container, warnings } = await openContainer(connection, reference, signal);
		const target = { container, login, database: '' };
		const server = await askContainerServer(client, target, signal);
		const argv: [string, ...string[]] = ['pg_dumpall', '--globals-only', '--no-password'];
		const request = { database: server.database };
		const exec = await startExec(
			client,
			containerProgram({ ...target, argv, inEnglish: server.canSpeakEnglish }),
			signal,
		);
		return inspected({ client, target, exec, request, signal }, ({ census }, messages): SourceFacts => ({
			source: { container: container.name, serverVersion: server.version },
			engine: { name: 'docker', version: `pg_dumpall ${server.version.split(' ')[0]}` },
			census,
			warnings: [...warnings, ...dumpWarnings(messages, containerPlace(container))],
		}));
	};
}

/**
 * What the server in a container says of itself: its version, its databases, and which one the log-in leads to.
 *
 * @throws BackupError when the container does not run or the server refuses the log-in
 */
export async function askContainer(
	connection: DockerConnection,
	reference: string,
	signal: AbortSignal,
	login: ContainerLogin = {},
): Promise<ContainerServer> {
	const { client, container } = await openContainer(connection, reference, signal);
	return await askContainerServer(client, { container, login, database: '' }, signal);
}

/**
 * Asks the server in a container, and touches nothing, as a list does that somebody opens.
 *
 * @returns lines of JSON
 * @throws BackupError as {@link askContainer}
 */
export async function askContainerFor(
	connection: DockerConnection,
	reference: string,
	{ login, database = '', question }: { login: ContainerLogin; database?: string; question: string },
	signal: AbortSignal,
): Promise<string[]> {
	const client = await connectDocker(connection);
	const container = await findContainer(client, reference, signal);
	return await askContainerForLines(client, { container, login, database }, question, signal);
}

async function openContainer(
	connection: DockerConnection,
	reference: string,
	signal: AbortSignal,
): Promise<{ client: DockerClient; container: Container; warnings: string[] }> {
	const client = await connectDocker(connection);
	const warnings = await recoverLeftovers(client, signal);
	return { client, container: await findContainer(client, reference, signal), warnings };
}

interface Dumping {
	client: DockerClient;
	target: ContainerTarget;
	exec: RunningExec;
	request: Pick<DumpRequest, 'database'>;
	signal: AbortSignal;
}

/** The program's output as a source; its exit code and pg_dump’s last line say that it is whole. */
function inspected(
	{ client, target, exec, request, signal }: Dumping,
	toFacts: (inspection: DumpInspection, messages: string) => SourceFacts | Promise<SourceFacts>,
): Source {
	const inspector = new DumpInspector();
	const stream: Readable = new InspectingStream(inspector);
	pipeline(exec.stdout, stream as InspectingStream, { signal }).catch(() => {
		// Both sides learn of it: the stream's reader, and `exited`.
	});
	const finish = async () => {
		const { exitCode, stderr } = await exec.exited;
		if (exitCode !== 0) {
			const ending = exitCode === 137 ? 'it was killed' : `it ended with exit code ${exitCode}`;
			throw dumpError({
				connection: containerPlace(target.container),
				request,
				messages: stderr,
				sqlState: await stateOfFailure(client, target, stderr, signal),
				ending,
			});
		}
		await finished(stream, { cleanup: true });
		return await toFacts(inspector.finish(), stderr);
	};
	const facts = finish();
	facts.catch(() => {});
	return { stream, finished: facts };
}
