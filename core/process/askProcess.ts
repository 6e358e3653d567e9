import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';
import { BackupError, cancelledError } from '../errors';
import { type ProgramEnd, startProgram } from './run';

export interface AskedProcess<Answer> {
	/** Path of a script of ours that serves a request by {@link serveOne}. */
	script: string;
	/** Options of Node.js. */
	flags?: readonly string[];
	request: object;
	/** Gets each line that it writes. */
	onAnswer: (answer: Answer) => void;
	/** Milliseconds that it may say nothing; any number when undefined. */
	silenceMs?: number;
}

/**
 * Has a script work on one request in a process of its own, which is gone when this is done, however it ends: whoever
 * made a directory for it can remove that.
 *
 * @throws BackupError `cancelled` when the signal fired, or what kept the process from its work
 */
export async function askProcess<Answer>(
	{ script, flags = [], request, onAnswer, silenceMs }: AskedProcess<Answer>,
	signal: AbortSignal,
): Promise<ProgramEnd> {
	const silence = new AbortController();
	const timer = silenceMs === undefined ? undefined : setTimeout(() => silence.abort(), silenceMs);
	const done = new AbortController();
	// It stays open: when it ends, so does the process.
	const input = new PassThrough();
	const ending = AbortSignal.any([signal, silence.signal, done.signal]);
	const args = [...flags, '--disable-warning=ExperimentalWarning', script];
	const program = startProgram(process.execPath, args, { input }, ending);
	input.write(`${JSON.stringify(request)}\n`);
	try {
		for await (const line of createInterface({ input: program.stdout })) {
			timer?.refresh();
			onAnswer(JSON.parse(line) as Answer);
		}
		return await program.ended;
	} catch (error) {
		if (signal.aborted) throw cancelledError(signal.reason);
		if (silence.signal.aborted) throw fellSilent(silenceMs);
		throw error;
	} finally {
		clearTimeout(timer);
		input.destroy();
		done.abort();
		await program.ended.catch(() => {});
	}
}

function fellSilent(silenceMs = 0): BackupError {
	const what = `The process that worked on it said nothing for ${silenceMs / 60_000} minutes`;
	return new BackupError('internal', what, { advice: 'Use a server instead' });
}
