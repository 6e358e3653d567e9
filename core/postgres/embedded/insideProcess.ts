import { writeFileSync } from 'node:fs';
import { constants, getPriority, setPriority } from 'node:os';
import { serveOne } from '../../process/serveOne';

/** Milliseconds between two words on how far it is. */
const progressEveryMs = 500;

/**
 * Serves the one request of a process that PostgreSQL computes in.
 *
 * @param brokenDown the last answer where the embedded PostgreSQL breaks a promise that nobody waits for, as it does
 */
export function serveInside<Request, Answer>(
	answer: (request: Request, say: (answer: Answer) => void) => Promise<Answer>,
	brokenDown: (error: unknown, request: Request) => Answer,
): void {
	stepBack();
	serveOne(answer, brokenDown);
}

/** A listener for bytes that says them now and then. */
export function progressOf(
	say: (answer: { kind: 'progress'; rawBytes: number }) => void,
): (rawBytes: number) => void {
	let saidAt = 0;
	return (rawBytes) => {
		if (performance.now() - saidAt < progressEveryMs) return;
		saidAt = performance.now();
		say({ kind: 'progress', rawBytes });
	};
}

/** Behind whoever started it, on the scale of nice(1). */
const behind = constants.priority.PRIORITY_BELOW_NORMAL;

/** n8n goes first: this process waits for the processor, and is the one that ends when memory does. */
function stepBack(): void {
	const attempts = [
		() => setPriority(Math.min(getPriority() + behind, constants.priority.PRIORITY_LOW)),
		() => writeFileSync('/proc/self/oom_score_adj', '1000'),
	];
	for (const attempt of attempts) {
		try {
			attempt();
		} catch {
			// It may not be allowed, or not be Linux.
		}
	}
}
