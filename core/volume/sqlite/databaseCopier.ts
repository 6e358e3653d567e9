import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';
import { BackupError } from '../../errors';
import { fromWorkerError } from '../../errors/workerError';
import { describeEnd, type StartedProgram, startProgram } from '../../process/run';
import type { CopyAnswer, CopyRequest } from './captureProcess';

/** How long to wait for a database that another program has locked. */
const defaultLockTimeoutMs = 30_000;

/** What became of a file that was to be copied. */
export type Copied = Exclude<CopyAnswer, { kind: 'failed' }>;

interface CopyProcess {
	program: StartedProgram;
	requests: PassThrough;
	answers: AsyncIterator<string, undefined>;
}

/**
 * Copies databases in a process of its own, which is started for the first of them and serves all: whoever runs us
 * may have them open with another SQLite library. Dispose of it in the end.
 */
export class DatabaseCopier implements AsyncDisposable {
	readonly #cancel = new AbortController();
	readonly #lockTimeoutMs: number;
	#process: CopyProcess | undefined;

	constructor({ lockTimeoutMs = defaultLockTimeoutMs }: { lockTimeoutMs?: number } = {}) {
		this.#lockTimeoutMs = lockTimeoutMs;
	}

	/**
	 * Copies a file: consistently, and examined, when it is a database. One at a time.
	 *
	 * @param location its bytes as latin1 characters
	 * @param target where the copy goes; nothing must be there
	 * @throws BackupError as `captureDatabase` does; `incomplete` when the process ended, `cancelled` when this was
	 * disposed of
	 */
	async copy(location: string, target: string): Promise<Copied> {
		this.#process ??= this.#start();
		const { requests, answers, program } = this.#process;
		const request: CopyRequest = { location, target, lockTimeoutMs: this.#lockTimeoutMs };
		requests.write(`${JSON.stringify(request)}\n`);
		const line = await answers.next();
		if (line.done) throw await endedEarly(program);
		const answer = JSON.parse(line.value) as CopyAnswer;
		if (answer.kind === 'failed') throw fromWorkerError(answer.error);
		return answer;
	}

	/** Ends the process, whatever it is at. */
	async [Symbol.asyncDispose](): Promise<void> {
		this.#cancel.abort();
		this.#process?.requests.destroy();
		await this.#process?.program.ended.catch(() => {});
	}

	#start(): CopyProcess {
		const requests = new PassThrough();
		const args = ['--disable-warning=ExperimentalWarning', join(__dirname, 'captureProcess.js')];
		const program = startProgram(process.execPath, args, { input: requests }, this.#cancel.signal);
		const answers = createInterface({ input: program.stdout })[Symbol.asyncIterator]();
		return { program, requests, answers };
	}
}

async function endedEarly(program: StartedProgram): Promise<BackupError> {
	const end = await program.ended;
	const messages = end.messages.trim();
	return new BackupError(
		'incomplete',
		`The process that copies databases ${describeEnd(end)}${messages === '' ? '' : `: ${messages}`}`,
		{ advice: 'Run it again; if it happens again, give n8n more memory' },
	);
}
