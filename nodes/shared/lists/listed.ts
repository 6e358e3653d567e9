import { type ILoadOptionsFunctions, isResourceLocatorValue, NodeOperationError } from 'n8n-workflow';
import { BackupError, errorMessage } from '../../../core/errors';

/** How long somebody waits for a list. */
const patienceMs = 10_000;

/**
 * Fills a list of the editor. What fails, or takes longer than ten seconds, is said with what to do, and what to do
 * without the list.
 *
 * @param otherwise `choose By Name and type it`
 * @throws NodeOperationError
 */
export async function listed<Result>(
	context: ILoadOptionsFunctions,
	otherwise: string,
	work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
	const signal = AbortSignal.timeout(patienceMs);
	try {
		return await Promise.race([work(signal), givenUp(signal)]);
	} catch (error) {
		const { what, advice } = signal.aborted ? tooSlow : asBackupError(error);
		const description = `${advice} Or ${otherwise}.`;
		// The list shows no more of an error than its message.
		throw new NodeOperationError(context.getNode(), `${what} ${description}`, { description });
	}
}

/** The value of a parameter as far as the editor knows it; empty where it is an expression without data yet. */
export function known(context: ILoadOptionsFunctions, name: string): string {
	const value = context.getNodeParameter(name, '') as unknown;
	const chosen = isResourceLocatorValue(value) ? value.value : value;
	return typeof chosen === 'string' ? chosen : '';
}

const tooSlow = {
	what: `Nothing answered within ${patienceMs / 1000} seconds.`,
	advice: 'See whether it can be reached from n8n.',
};

function asBackupError(error: unknown): Pick<BackupError, 'what' | 'advice'> {
	if (error instanceof BackupError) return error;
	return new BackupError('internal', errorMessage(error), { advice: 'Look into n8n’s log' });
}

async function givenUp(signal: AbortSignal): Promise<never> {
	return await new Promise((_resolve, reject) => {
		signal.addEventListener('abort', () => reject(new Error('given up')), { once: true });
	});
}
