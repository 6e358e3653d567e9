import type { OnProgress } from '../../core/artifact';
import { BackupError, errorMessage, printable } from '../../core/errors';
import type { Terminal } from '../terminal';
import { ProgressBar } from './progressBar';

/**
 * What a command says: lines for people, or with `--json` one document for programs. Progress is shown only
 * where stderr is a terminal.
 */
export class Output {
	readonly #terminal: Terminal;
	readonly #isJson: boolean;
	readonly #bar: ProgressBar | undefined;

	constructor(terminal: Terminal, { json = false }: { json?: boolean }) {
		this.#terminal = terminal;
		this.#isJson = json;
		if (terminal.stderr.isTTY && !json) this.#bar = new ProgressBar(terminal.stderr);
	}

	/** Lines for people, on stdout. */
	say(text: string): void {
		this.#bar?.clear();
		if (!this.#isJson) this.#terminal.stdout.write(`${printable(text)}\n`);
	}

	/** Lines for a program or a file, on stdout, byte for byte; a terminal gets them as people do. */
	write(text: string): void {
		if (this.#terminal.stdout.isTTY) return this.say(text);
		if (!this.#isJson) this.#terminal.stdout.write(`${text}\n`);
	}

	/** The result for programs, on stdout; once per run. */
	result(value: unknown): void {
		if (this.#isJson) this.#terminal.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
	}

	/** What people should know beside the result, on stderr. */
	note(sentences: readonly string[] = []): void {
		if (this.#isJson || sentences.length === 0) return;
		this.#bar?.clear();
		this.#terminal.stderr.write(printable(sentences.map((sentence) => `! ${sentence}\n`).join('')));
	}

	readonly onProgress: OnProgress = (progress) => this.#bar?.show(progress);

	/** What made the command fail; for programs as `{ "error": … }`, the run's only document. */
	fail(error: unknown): void {
		this.result({ error: failureJson(error) });
		this.complain(error);
	}

	/** What went wrong with a part of the work, for people, on stderr: what happened and what to do next. */
	complain(error: unknown): void {
		this.#bar?.clear();
		if (this.#isJson) return;
		const { what, advice } = failureJson(error);
		this.#terminal.stderr.write(printable(`✗ ${what}\n  ${advice}\n`));
	}

	close(): void {
		this.#bar?.clear();
	}
}

/** An error as programs get it: a word to branch on, what happened, what to do next. */
export function failureJson(error: unknown): { code: string; what: string; advice: string } {
	if (error instanceof BackupError) return { code: error.code, what: error.what, advice: error.advice };
	return {
		code: 'internal',
		what: errorMessage(error),
		advice: 'This was not foreseen: report it together with the command line.',
	};
}
