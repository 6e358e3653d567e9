import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';
import { BackupError, cancelledError } from '../../errors';
import { fromWorkerError } from '../../errors/workerError';
import { describeEnd, type ProgramEnd, startProgram } from '../../process/run';
import type { Finding } from '../drill/drillPlace';
import type { InsideAnswer, InsideRequest } from './drillProcess';

/**
 * V8's optimising compiler takes 690 MB for one function of PostgreSQL's 9 MB of WebAssembly; the code of the first
 * tier is some 15 % slower here. JavaScript itself needs little: rows pass through it in pieces. A young generation of 2 MB
 * saves 28 MB where there are thousands of tables, and takes no more time.
 */
const flags = [
	'--liftoff-only',
	'--max-old-space-size=96',
	'--max-semi-space-size=2',
	'--disable-warning=ExperimentalWarning',
];

/** How long the process may say nothing: one index of a large table is built in a minute or two. In milliseconds. */
const silenceMs = 20 * 60_000;

/**
 * Restores and judges a dump in a process of its own, which is gone when this is done, however it ends: whoever made
 * its directory can remove it.
 *
 * @param onBytes bytes of SQL so far
 * @throws BackupError `cancelled` when the signal fired, or what kept the process from its work
 */
export async function drillInProcess(
	request: InsideRequest,
	onBytes: (rawBytes: number) => void,
	signal: AbortSignal,
): Promise<Finding> {
	const silence = new AbortController();
	const timer = setTimeout(() => silence.abort(), silenceMs);
	const done = new AbortController();
	const input = new PassThrough();
	const args = [...flags, join(__dirname, 'drillProcess.js')];
	const ending = AbortSignal.any([signal, silence.signal, done.signal]);
	const program = startProgram(process.execPath, args, { input }, ending);
	input.write(`${JSON.stringify(request)}\n`);
	try {
		let last: InsideAnswer | undefined;
		for await (const line of createInterface({ input: program.stdout })) {
			timer.refresh();
			last = JSON.parse(line) as InsideAnswer;
			if (last.kind === 'progress') onBytes(last.rawBytes);
		}
		const end = await program.ended;
		return foundIn(last, end);
	} catch (error) {
		if (signal.aborted) throw cancelledError(signal.reason);
		if (silence.signal.aborted) throw fellSilent();
		throw error;
	} finally {
		clearTimeout(timer);
		input.destroy();
		done.abort();
		await program.ended.catch(() => {});
	}
}

function foundIn(answer: InsideAnswer | undefined, end: ProgramEnd): Finding {
	switch (answer?.kind) {
		case 'checks':
			return { checks: answer.checks };
		case 'obstacle':
			return { obstacle: fromWorkerError(answer.error) };
		case 'failed':
			throw fromWorkerError(answer.error);
		default:
			throw endedEarly(end);
	}
}

function endedEarly(end: ProgramEnd): BackupError {
	// V8 says in one line that it has no memory left, and much after it that nobody can read.
	const fatal = /^FATAL ERROR: .*$/m.exec(end.messages)?.[0];
	const messages = fatal ?? end.messages.trim().slice(-500);
	const what = `The PostgreSQL inside n8n ${describeEnd(end)}${messages === '' ? '' : `: ${messages}`}`;
	return new BackupError('internal', what, {
		advice: 'Give n8n’s container more memory, or drill it on a server',
	});
}

function fellSilent(): BackupError {
	const what = `The PostgreSQL inside n8n said nothing for ${silenceMs / 60_000} minutes`;
	return new BackupError('internal', what, { advice: 'Drill it on a server' });
}
