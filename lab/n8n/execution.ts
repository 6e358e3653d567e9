import { parse } from 'flatted';

/** What one run of a workflow came to, as the execution list of the editor shows it. */
export interface Execution {
	id: string;
	status: 'success' | 'error' | 'crashed' | 'canceled' | 'running' | 'new' | 'waiting' | 'unknown';
	/** `manual` from the editor, `trigger` by schedule, `cli` by `n8n execute`. */
	mode: string;
	/** Why it failed: the message that a red execution shows. */
	error?: string;
	/** The node that made it fail. */
	failedNode?: string;
	/** What each node that ran gave out. */
	nodes: Record<string, NodeRun>;
}

export interface NodeRun {
	/** The items of each output, in the order of the node's outputs. */
	outputs: Array<Array<Record<string, unknown>>>;
	error?: string;
}

export interface StoredExecution {
	id: string;
	status: Execution['status'];
	mode: string;
	/** n8n stores what happened as text in flatted's form, which keeps shared and circular references. */
	data: string;
}

interface RunData {
	resultData: {
		error?: { message: string; node?: { name: string } };
		runData: Record<
			string,
			Array<{
				data?: { main?: Array<Array<{ json: Record<string, unknown> }> | null> };
				error?: { message: string };
			}>
		>;
	};
}

/**
 * Reads an execution as `GET /rest/executions/:id` returns it. Of a node that ran several times, the items of all
 * runs are put together.
 */
export function readExecution({ id, status, mode, data }: StoredExecution): Execution {
	const { resultData } = parse(data) as RunData;
	const nodes = Object.entries(resultData.runData ?? {}).map(([name, runs]): [string, NodeRun] => {
		const outputCount = Math.max(0, ...runs.map((run) => run.data?.main?.length ?? 0));
		const outputs = Array.from({ length: outputCount }, (_, output) =>
			runs.flatMap((run) => run.data?.main?.[output]?.map((item) => item.json) ?? []),
		);
		return [name, { outputs, error: runs.find((run) => run.error)?.error?.message }];
	});
	return {
		id,
		status,
		mode,
		error: resultData.error?.message,
		failedNode: resultData.error?.node?.name,
		nodes: Object.fromEntries(nodes),
	};
}
