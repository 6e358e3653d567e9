import { join } from 'node:path';
import { fromWorkerError } from '../../errors/workerError';
import type { ProgramEnd } from '../../process/run';
import type { Finding } from '../drill/drillPlace';
import type { InsideAnswer, InsideRequest } from './drillProcess';
import { endedEarly, runInside } from './runInside';

const script = join(__dirname, 'drillProcess.js');

/**
 * Restores and judges a dump in a process of its own.
 *
 * @param onBytes bytes of SQL so far
 * @throws BackupError as {@link runInside}
 */
export async function drillInProcess(
	request: InsideRequest,
	onBytes: (rawBytes: number) => void,
	signal: AbortSignal,
): Promise<Finding> {
	let last: InsideAnswer | undefined;
	const onAnswer = (answer: InsideAnswer) => {
		last = answer;
		if (answer.kind === 'progress') onBytes(answer.rawBytes);
	};
	const end = await runInside(script, request, onAnswer, signal);
	return foundIn(last, end);
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
			throw endedEarly(end, 'drill it on a server');
	}
}
