import { createInterface } from 'node:readline';

/**
 * Serves the one request of a process that `askProcess` started: it is read from the standard input, an answer a line is
 * written to the standard output, and the process ends when the last one is said, or when its input ends: also when
 * whoever started it is killed.
 *
 * @param answer gives the last answer, and may say others before it
 * @param brokenDown the last answer for what nobody catches; without it, the process ends by that
 */
export function serveOne<Request, Answer>(
	answer: (request: Request, say: (answer: Answer) => void) => Promise<Answer>,
	brokenDown?: (error: unknown, request: Request) => Answer,
): void {
	const write = (said: Answer, then?: () => void) => process.stdout.write(`${JSON.stringify(said)}\n`, then);
	const lines = createInterface({ input: process.stdin });
	lines.once('close', () => process.exit(1));
	lines.once('line', (line) => {
		const request = JSON.parse(line) as Request;
		const endWith = (last: Answer) => void write(last, () => process.exit(0));
		if (brokenDown) process.on('uncaughtException', (error) => endWith(brokenDown(error, request)));
		void answer(request, (said) => void write(said)).then(endWith);
	});
}
