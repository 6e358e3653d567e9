import { stringify } from 'flatted';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import type { Editor } from '../n8n/editor.ts';
import type { N8nDatabase } from '../n8n/stack.ts';
import type { Workflow } from '../n8n/workflow.ts';
import { sampleCredentials, sampleWorkflows } from './samples.ts';

/** Fills a new n8n with what a small company's has after some weeks: workflows, credentials and executions. */
export async function seedN8n(editor: Editor, database: N8nDatabase, executions: number): Promise<void> {
	await insertExecutions(database, await seedWorkflows(editor), executions);
}

type SavedWorkflow = Workflow & { id: string; versionId: string };

/** The workflows and credentials alone, through n8n itself, which encrypts credentials with its key. */
export async function seedWorkflows(editor: Editor): Promise<SavedWorkflow[]> {
	for (const { name, type, data } of sampleCredentials) await editor.createCredential(name, type, data);
	const workflows: SavedWorkflow[] = [];
	for (const workflow of sampleWorkflows) {
		const { id, versionId } = await editor.createWorkflow(workflow);
		workflows.push({ ...workflow, id, versionId });
	}
	return workflows;
}

/** Straight into the tables: running as many would take hours. */
async function insertExecutions(
	database: N8nDatabase,
	workflows: SavedWorkflow[],
	count: number,
): Promise<void> {
	const client = new pg.Client(database);
	await client.connect();
	try {
		const perBatch = 200;
		for (let start = 0; start < count; start += perBatch) {
			const batch = Array.from({ length: Math.min(perBatch, count - start) }, (_, index) =>
				makeExecution(workflows[(start + index) % workflows.length] as SavedWorkflow, start + index),
			);
			await client.query(insertBatch, [JSON.stringify(batch)]);
		}
	} finally {
		await client.end();
	}
}

const insertBatch = `
	WITH given AS (
		SELECT * FROM jsonb_to_recordset($1::jsonb) AS given(
			"workflowId" text, "versionId" text, "startedAt" timestamptz, "stoppedAt" timestamptz,
			status text, workflow json, data text, number int)
	), executions AS (
		INSERT INTO execution_entity
			(finished, mode, "startedAt", "stoppedAt", "createdAt", status, "workflowId", "workflowVersionId", "deduplicationKey")
		SELECT status = 'success', 'trigger', "startedAt", "stoppedAt", "startedAt", status, "workflowId", "versionId", 'seed-' || number
		FROM given
		RETURNING id, "deduplicationKey"
	)
	INSERT INTO execution_data ("executionId", "workflowData", data, "workflowVersionId")
	SELECT executions.id, given.workflow, given.data, given."versionId"
	FROM executions JOIN given ON executions."deduplicationKey" = 'seed-' || given.number`;

/** One execution whose nodes passed on a handful of orders: repeated keys, random ids, text. */
function makeExecution(workflow: SavedWorkflow, number: number) {
	const startedAt = Date.now() - number * 7 * 60_000;
	const failed = number % 23 === 0;
	const runData = Object.fromEntries(
		workflow.nodes.map((node, index) => [
			node.name,
			[
				{
					startTime: startedAt + index * 40,
					executionTime: 12 + (number % 90),
					executionIndex: index,
					executionStatus: 'success',
					source: [],
					data: {
						main: [
							Array.from({ length: 1 + (number % 12) }, (_, item) => ({ json: makeOrder(number + item) })),
						],
					},
				},
			],
		]),
	);
	return {
		number,
		workflowId: workflow.id,
		versionId: workflow.versionId,
		startedAt: new Date(startedAt),
		stoppedAt: new Date(startedAt + 900),
		status: failed ? 'error' : 'success',
		workflow,
		data: stringify({
			version: 1,
			startData: {},
			resultData: { runData, lastNodeExecuted: workflow.nodes.at(-1)?.name },
			executionData: { contextData: {}, nodeExecutionStack: [], metadata: {}, waitingExecution: {} },
		}),
	};
}

function makeOrder(number: number) {
	return {
		orderId: randomUUID(),
		customer: {
			name: `Customer ${number % 500}`,
			email: `customer${number % 500}@example.com`,
			vip: number % 9 === 0,
		},
		positions: [
			{ sku: `SKU-${number % 97}`, quantity: 1 + (number % 4), price: (number % 9000) / 100 },
			{ sku: `SKU-${number % 89}`, quantity: 2, price: 19.9 },
		],
		status: ['paid', 'shipped', 'returned'][number % 3],
		note: 'Grüße – bitte beim Nachbarn abgeben. "Danke"\n\t\\ 感謝',
	};
}
