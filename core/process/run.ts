import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { execa, type ResultPromise } from 'execa';
import { BackupError, cancelledError, errorMessage, unknownText } from '../errors';

/** The part of n8n's environment that a program may see: the rest does not concern it, and much of it is secret. */
const inheritedVariables = [
	'PATH',
	'HOME',
	'TMPDIR',
	'TZ',
	'LANG',
	'LC_ALL',
	'LD_LIBRARY_PATH',
	'SystemRoot',
];

/** Bytes kept of a program's messages: the last ones. */
const keptMessages = 64 * 1024;

/** A cancelled program is asked to end, and killed when it has not done so after this time. */
const killAfterMs = 1_000;

export interface ProgramOptions {
	/** Added to the few variables that the program inherits. Secrets go here, never in `args`. */
	environment?: Record<string, string>;
	/** Written to its standard input; without it, that is empty. */
	input?: string | Readable;
	/** Takes its standard output in place of {@link StartedProgram.stdout}; it is closed here, in this process. */
	output?: Socket;
}

/** How a program ended. */
export interface ProgramEnd {
	/** Undefined when a signal ended it. */
	exitCode?: number;
	/** The signal that ended it: `SIGKILL`. */
	signal?: string;
	/** The end of what it wrote to its standard error. */
	messages: string;
}

export interface StartedProgram {
	/** Empty when it was given an output. */
	stdout: Readable;
	/**
	 * Resolves when the program is gone, however it ended.
	 *
	 * @throws BackupError when it could not be started, or `cancelled` when the signal ended it
	 */
	ended: Promise<ProgramEnd>;
}

/**
 * Starts a program without a shell. The signal ends it, if need be by SIGKILL after a second; it never outlives
 * this process.
 */
export function startProgram(
	path: string,
	args: string[],
	options: ProgramOptions,
	signal: AbortSignal,
): StartedProgram {
	const child = execa(path, args, {
		env: { ...inheritedEnvironment(), ...options.environment },
		extendEnv: false,
		...(options.input === undefined ? { stdin: 'ignore' } : { input: options.input }),
		...(options.output === undefined ? {} : { stdout: options.output }),
		buffer: false,
		encoding: 'buffer',
		stripFinalNewline: false,
		reject: false,
		cancelSignal: signal,
		forceKillAfterDelay: killAfterMs,
	});
	// The program has its own by now, or there is no program.
	options.output?.destroy();
	const ended = waitForEnd(child, path, signal);
	// It is awaited in time; until then a failure must not count as unhandled.
	ended.catch(() => {});
	return { stdout: child.stdout ?? Readable.from([]), ended };
}

/**
 * Runs a program to its end and answers what it wrote to its standard output; only for a few lines.
 *
 * @throws BackupError when it cannot be started, ends with another exit code than 0, or is cancelled
 */
export async function runProgram(
	path: string,
	args: string[],
	options: ProgramOptions,
	signal: AbortSignal,
): Promise<string> {
	const program = startProgram(path, args, options, signal);
	const chunks: Buffer[] = [];
	program.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
	const end = await program.ended;
	if (end.exitCode !== 0) {
		throw new BackupError('server', `${path} ${describeEnd(end)}: ${end.messages.trim()}`, {
			advice: 'Look into what it says, then run it again',
		});
	}
	return Buffer.concat(chunks).toString('utf8');
}

/** `ended with exit code 1` or `was ended by SIGKILL`, for messages. */
export function describeEnd({ exitCode, signal }: ProgramEnd): string {
	return signal === undefined ? `ended with exit code ${exitCode}` : `was ended by ${signal}`;
}

async function waitForEnd(child: ResultPromise, path: string, signal: AbortSignal): Promise<ProgramEnd> {
	let bytes = '';
	child.stderr?.setEncoding('latin1').on('data', (piece: string) => {
		bytes = (bytes + piece).slice(-keptMessages);
	});
	const result = await child;
	// A program that ends on its own terms when it is told to is not noticed as cancelled.
	if (result.isCanceled || signal.aborted) throw cancelledError(signal.reason);
	const couldNotStart = result.failed && result.exitCode === undefined && result.signal === undefined;
	if (couldNotStart) throw startError(result, path);
	const messages = unknownText(Buffer.from(bytes, 'latin1'));
	return { exitCode: result.exitCode, signal: result.signal, messages };
}

function startError(result: { code?: string; cause?: unknown }, path: string): BackupError {
	if (result.code === 'ENOENT') {
		return new BackupError('not-found', `The program ${path} was not found`, {
			advice: 'Install it where n8n runs, correct its path, or choose the engine “built-in”',
			cause: result.cause,
		});
	}
	if (result.code === 'EACCES') {
		return new BackupError('not-permitted', `n8n is not permitted to run ${path}`, {
			advice: 'Make it executable for the user that n8n runs as, or choose the engine “built-in”',
			cause: result.cause,
		});
	}
	return new BackupError('internal', `${path} could not be run: ${errorMessage(result.cause ?? result)}`, {
		advice: 'Correct its path, or choose the engine “built-in”',
		cause: result.cause,
	});
}

function inheritedEnvironment(): Record<string, string> {
	const entries = inheritedVariables.map((name) => [name, process.env[name]]);
	return Object.fromEntries(entries.filter(([, value]) => value !== undefined)) as Record<string, string>;
}
