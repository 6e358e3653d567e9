import { BackupError } from '../../errors';
import { askProcess } from '../../process/askProcess';
import { describeEnd, type ProgramEnd } from '../../process/run';

/**
 * V8's optimising compiler takes 690 MB for one function of PostgreSQL's 9 MB of WebAssembly; the code of the first
 * tier is some 15 % slower here. JavaScript itself needs little: rows pass through it in pieces. A young generation of 2 MB
 * saves 28 MB where there are thousands of tables, and takes no more time.
 */
const flags = ['--liftoff-only', '--max-old-space-size=96', '--max-semi-space-size=2'];

/** How long the process may say nothing: one index of a large table is built in a minute or two. In milliseconds. */
const silenceMs = 20 * 60_000;

/**
 * Has a script that starts the embedded PostgreSQL work on one request in a process of its own.
 *
 * @throws BackupError as {@link askProcess}
 */
export async function runInside<Answer>(
	script: string,
	request: object,
	onAnswer: (answer: Answer) => void,
	signal: AbortSignal,
): Promise<ProgramEnd> {
	return await askProcess({ script, flags, request, onAnswer, silenceMs }, signal);
}

/** The error for a process that ended without its last word. */
export function endedEarly(end: ProgramEnd, instead: string): BackupError {
	// V8 says in one line that it has no memory left, and much after it that nobody can read.
	const fatal = /^FATAL ERROR: .*$/m.exec(end.messages)?.[0];
	const messages = fatal ?? end.messages.trim().slice(-500);
	const what = `The PostgreSQL inside n8n ${describeEnd(end)}${messages === '' ? '' : `: ${messages}`}`;
	return new BackupError('internal', what, { advice: `Give n8n’s container more memory, or ${instead}` });
}
