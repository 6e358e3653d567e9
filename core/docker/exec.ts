import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { BackupError, cancelledError, networkError } from '../errors';
import type { DockerClient } from './client';
import { describeEngine } from './connection';
import { type Container } from './containers';
import { assertRunning } from './containerState';
import { endExec, tagVariable } from './endExec';
import { httpStatus, engineMessage } from './dockerError';
import { FrameReader } from './frameReader';
import { operations } from './operations';
import { Tail } from './tail';

export interface ExecRequest {
	container: Container;
	/** Program and arguments; visible to whoever may list processes, so nothing in it is secret. */
	argv: [program: string, ...programArguments: string[]];
	/** Added to the container's own environment. Secrets go here. */
	environment?: Record<string, string>;
	/** Name or id of a user inside the container; undefined: the one that the container runs as. */
	user?: string;
}

export interface ExecResult {
	exitCode: number;
	/** The last 16 KiB of what the command wrote to stderr. */
	stderr: string;
}

export interface RunningExec {
	/** Read it to its end or destroy it, which ends the command. It waits for its reader. */
	stdout: Readable;
	/**
	 * Settles after stdout has ended, with whatever exit code; rejects with a BackupError when the stream broke, was
	 * destroyed or no exit code could be had. When it has settled the command is gone.
	 */
	exited: Promise<ExecResult>;
}

const stderrLimitBytes = 16 * 1024;

/**
 * Starts a command inside a running container.
 *
 * @param signal ends the command
 * @throws BackupError `unsupported` for a container that does not run, others as {@link DockerClient.call}
 */
export async function startExec(
	client: DockerClient,
	request: ExecRequest,
	signal: AbortSignal,
): Promise<RunningExec> {
	assertRunning(request.container);
	const tag = randomUUID();
	const execId = await createExec(client, request, tag, signal);
	const connection = await client.call(
		operations.startExec,
		(docker, abortSignal) =>
			docker.getExec(execId).start({ hijack: true, stdin: false, Detach: false, Tty: false, abortSignal }),
		{ signal },
	);
	const stderr = new Tail(stderrLimitBytes);
	const stdout = new FrameReader((bytes) => stderr.add(bytes));
	pipeline(connection, stdout, { signal }).catch(() => {
		// The same error reaches the reader of stdout, and `exited`.
	});
	const exited = waitForExit();
	exited.catch(() => {});
	return { stdout, exited };

	async function waitForExit(): Promise<ExecResult> {
		try {
			await finished(stdout);
			return { exitCode: await readExitCode(client, execId, request), stderr: stderr.text };
		} catch (error) {
			await endExec(client, { execId, tag, ...request });
			if (signal.aborted) throw cancelledError(signal.reason);
			throw networkError(error, describeEngine(client.connection));
		}
	}
}

async function createExec(
	client: DockerClient,
	{ container, argv, environment = {}, user }: ExecRequest,
	tag: string,
	signal: AbortSignal,
): Promise<string> {
	const variables = Object.entries({ ...environment, [tagVariable]: tag });
	const { id } = await client.call(
		operations.createExec,
		async (docker, abortSignal) => {
			try {
				return await docker.getContainer(container.id).exec({
					AttachStdout: true,
					AttachStderr: true,
					Cmd: argv,
					Env: variables.map(([name, value]) => `${name}=${value}`),
					User: user,
					abortSignal,
				});
			} catch (error) {
				throw changedMeanwhile(error, container);
			}
		},
		{ signal },
	);
	return id;
}

/** The container was running when it was listed a moment ago. */
function changedMeanwhile(error: unknown, { name }: Container): unknown {
	const status = httpStatus(error);
	if (status !== 404 && status !== 409) return error;
	return new BackupError('unsupported', `No command can be run in ${name}: ${engineMessage(error)}`, {
		advice: `See what became of it with docker ps -a, and run this again when ${name} is running`,
		cause: error,
	});
}

/**
 * An engine notices a command's end a moment after the end of its output, in milliseconds. A command that still
 * runs after all of these did not end its output by itself: something between cut it.
 */
const exitDelays = [0, 20, 50, 100, 200, 500, 1000];

async function readExitCode(client: DockerClient, execId: string, request: ExecRequest): Promise<number> {
	for (const delay of exitDelays) {
		await wait(delay);
		const { Running, ExitCode } = await client.call(operations.inspectExec, (docker, abortSignal) =>
			docker.getExec(execId).inspect({ abortSignal }),
		);
		if (!Running && ExitCode !== null) return ExitCode;
	}
	const what = `The output of ${request.argv[0]} in ${request.container.name} ended while it was still running`;
	throw new BackupError('incomplete', what, {
		advice: `See whether a proxy before ${describeEngine(client.connection)} cuts long streams, then run it again`,
	});
}

/** Small outputs, unless more is expected. */
const outputLimitBytes = 1024 * 1024;

/**
 * Runs a command to its end and collects its output.
 *
 * @param limitBytes of its output; 1 MiB when undefined
 * @throws BackupError `server` when it writes more than that; others as {@link startExec}
 */
export async function runExec(
	client: DockerClient,
	request: ExecRequest,
	signal: AbortSignal,
	limitBytes = outputLimitBytes,
): Promise<ExecResult & { stdout: string }> {
	const { stdout, exited } = await startExec(client, request, signal);
	const chunks: Buffer[] = [];
	let bytes = 0;
	stdout.on('data', (chunk: Buffer) => {
		bytes += chunk.length;
		chunks.push(chunk);
		if (bytes > limitBytes) stdout.destroy(tooMuchOutput(request));
	});
	const result = await exited;
	return { ...result, stdout: Buffer.concat(chunks).toString() };
}

function tooMuchOutput({ argv, container }: ExecRequest): BackupError {
	return new BackupError('server', `${argv[0]} in ${container.name} wrote more than was expected of it`, {
		advice: `See what ${argv[0]} is in that container`,
	});
}
