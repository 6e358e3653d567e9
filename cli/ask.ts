import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { BackupError, cancelledError, printable } from '../core/errors';
import { canAsk, type Terminal } from './terminal';

/** Swallows what readline would echo. */
const nowhere = () => new Writable({ write: (_chunk, _encoding, callback) => callback() });

/**
 * Asks a person for one line, on stderr, so that stdout stays clean.
 *
 * @throws BackupError `cancelled` when the signal fires or Ctrl-C or Ctrl-D is pressed instead
 */
export async function ask(
	question: string,
	terminal: Terminal,
	signal: AbortSignal,
	{ isHidden = false }: { isHidden?: boolean } = {},
): Promise<string> {
	const closed = new AbortController();
	const lines = createInterface({
		input: terminal.stdin,
		output: isHidden ? nowhere() : terminal.stderr,
		terminal: true,
		historySize: 0,
	});
	// In raw mode Ctrl-C is a key like any other, and without these the question would wait forever.
	lines.once('SIGINT', () => closed.abort());
	lines.once('close', () => closed.abort());
	try {
		if (isHidden) terminal.stderr.write(question);
		return await lines.question(isHidden ? '' : question, {
			signal: AbortSignal.any([signal, closed.signal]),
		});
	} catch (error) {
		throw cancelledError(error);
	} finally {
		lines.close();
		if (isHidden) terminal.stderr.write('\n');
	}
}

/**
 * Has a person type a word before something is replaced; `--yes` stands for it where nobody can be asked.
 *
 * @throws BackupError `bad-parameter` without consent, `cancelled`
 */
export async function confirm(
	{ consequence, word, yes }: { consequence: string; word: string; yes?: boolean },
	terminal: Terminal,
	signal: AbortSignal,
): Promise<void> {
	if (yes) return;
	if (!canAsk(terminal)) {
		throw new BackupError('bad-parameter', `${consequence} That has to be confirmed`, {
			advice: 'Add --yes when this is what you want',
		});
	}
	terminal.stderr.write(`${printable(consequence)}\n`);
	const answer = await ask(`Type ${word} to go on: `, terminal, signal);
	if (answer.trim() === word) return;
	throw new BackupError('bad-parameter', 'It was not confirmed', {
		advice: `Type exactly ${word}; nothing was changed`,
	});
}
