import {
	type IDataObject,
	type IExecuteFunctions,
	type INodeExecutionData,
	NodeOperationError,
} from 'n8n-workflow';
import { BackupError, errorMessage } from '../../core/errors';
import { logInfo } from './progress';
import { Told } from './told';

/** One piece of work that becomes one item, or as many as it gives. */
export type Job = (signal: AbortSignal) => Promise<IDataObject | IDataObject[] | Told>;

/** Reads the parameters of one item and says what there is to do for it. */
export type PlanJobs = (itemIndex: number, signal: AbortSignal) => Promise<Job[]>;

/**
 * Runs an operation over the input items, one job after the other, and makes items of each result.
 *
 * A failure becomes an error item that holds nothing but `error`: whatever stands beside it would send the item to
 * the success output in some n8n versions. Where the node is to stop on errors, the other jobs are still done,
 * so that one bad database does not leave the rest without a backup, and then the first failure is thrown.
 */
export async function runJobs(context: IExecuteFunctions, plan: PlanJobs): Promise<INodeExecutionData[][]> {
	const signal = context.getExecutionCancelSignal() ?? new AbortController().signal;
	const results: INodeExecutionData[] = [];
	const failures: NodeOperationError[] = [];
	const sentences: string[] = [];

	for (const [item] of context.getInputData().entries()) {
		const attempt = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
			try {
				signal.throwIfAborted();
				return await work();
			} catch (error) {
				if (signal.aborted) throw canceled(context, error, item);
				const failure = nodeError(context, error, item);
				logError(context, error);
				if (context.continueOnFail())
					results.push({ json: { error: plainMessage(error) }, pairedItem: { item } });
				else failures.push(failure);
				return undefined;
			}
		};
		for (const job of (await attempt(async () => await plan(item, signal))) ?? []) {
			const made = (await attempt(async () => await job(signal))) ?? [];
			if (made instanceof Told) {
				sentences.push(made.sentence);
				logInfo(context, made.sentence);
			}
			for (const json of itemsOf(made)) results.push({ json, pairedItem: { item } });
		}
	}
	if (failures[0]) throw failures[0];
	tell(context, sentences);
	return [results];
}

function itemsOf(made: Awaited<ReturnType<Job>>): IDataObject[] {
	if (made instanceof Told) return [made.item];
	return Array.isArray(made) ? made : [made];
}

/** The most sentences that are shown below a node’s output. */
const mostShown = 5;

function tell(context: IExecuteFunctions, sentences: readonly string[]): void {
	if (sentences.length === 0) return;
	const shown = sentences.slice(0, mostShown);
	const rest = sentences.length - shown.length;
	const message = [...shown, ...(rest > 0 ? [`and ${rest} more`] : [])].join('; ');
	context.addExecutionHints({ message, location: 'outputPane' });
}

/** n8n itself logs nothing of an error that becomes an item, and of one that stops the node not which node it was. */
function logError(context: IExecuteFunctions, error: unknown): void {
	const { name } = context.getNode();
	context.logger.error(`${name}: ${plainMessage(error)}`, { node: name });
}

/** Both sentences: what happened and what to do next. */
function plainMessage(error: unknown): string {
	return error instanceof BackupError ? error.message : errorMessage(error);
}

/**
 * n8n takes an execution for stopped, and not for failed, by the word “canceled” in the error that ends it: a failed
 * one would start the error workflow.
 */
function canceled(context: IExecuteFunctions, error: unknown, itemIndex: number): NodeOperationError {
	const description = plainMessage(error);
	return new NodeOperationError(context.getNode(), 'The execution was canceled', { itemIndex, description });
}

/** The editor shows what happened as the headline and what to do next below it. */
function nodeError(context: IExecuteFunctions, error: unknown, itemIndex: number): NodeOperationError {
	const { what, advice } = error instanceof BackupError ? error : { what: errorMessage(error) };
	const failure = new NodeOperationError(context.getNode(), what, { itemIndex, description: advice });
	// n8n logs an error and all its causes, and this one’s would be the same sentence again.
	failure.cause = undefined;
	return failure;
}
