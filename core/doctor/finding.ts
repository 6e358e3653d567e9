import { BackupError, errorMessage } from '../errors';

/** What one check of the set-up found. */
export interface Finding {
	/** What was looked at. */
	check: string;
	/** `unknown`: it could not be tried, or nobody can know; that is no verdict. */
	result: 'passed' | 'failed' | 'unknown';
	/** One or two sentences. */
	found: string;
	/** Empty where there is nothing to do. */
	whatToDo: string;
}

export function passed(check: string, found: string, whatToDo = ''): Finding {
	return { check, result: 'passed', found, whatToDo };
}

export function failed(check: string, found: string, whatToDo: string): Finding {
	return { check, result: 'failed', found, whatToDo };
}

export function unknown(check: string, found: string, whatToDo = ''): Finding {
	return { check, result: 'unknown', found, whatToDo };
}

/**
 * Does a check. What it throws on purpose is what it found; anything else says nothing of the set-up.
 *
 * @throws BackupError `cancelled`
 */
export async function attempt(check: string, look: () => Promise<Finding>): Promise<Finding> {
	try {
		return await look();
	} catch (error) {
		return findingOf(check, error);
	}
}

/** @throws BackupError `cancelled` */
export function findingOf(check: string, error: unknown): Finding {
	if (!(error instanceof BackupError)) return unknown(check, `It could not be tried: ${errorMessage(error)}`);
	if (error.code === 'cancelled') throw error;
	return failed(check, error.what, error.advice);
}
