import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { root } from '../../../scripts/lib/paths.ts';
import type { WorkflowNode } from '../../../lab/n8n/workflow.ts';
import type { Drawn } from './canvas';

/** One of the workflows as they lie in the repository. */
export function readWorkflow(file: string): Drawn & { named(name: string): WorkflowNode } {
	const workflow = JSON.parse(readFileSync(join(root, 'workflows', file), 'utf8')) as Drawn;
	return { ...workflow, named: (name) => workflow.nodes.find((node) => node.name === name)! };
}

/** What an expression finds: the item that it is for, and the items that other nodes gave out. */
export interface Scope {
	json?: object;
	items?: Record<string, object[]>;
}

/** What a field comes to. The expressions in it are JavaScript between double braces. */
export function evaluate(field: unknown, { json = {}, items = {} }: Scope): unknown {
	if (typeof field !== 'string' || !field.startsWith('=')) return field;
	const $ = (node: string) => {
		const all = (items[node] ?? []).map((one) => ({ json: one }));
		return { all: () => all, first: () => all[0], isExecuted: node in items };
	};
	// A context of its own has classes of its own, which toEqual() tells from ours.
	const run = (expression: string) =>
		runInNewContext(expression, { $, $json: json, $execution: { mode: 'production' } }) as unknown;
	const whole = /^=\{\{((?:(?!\}\}).)*)\}\}$/s.exec(field)?.[1];
	if (whole !== undefined) return own(run(whole));
	return field.slice(1).replaceAll(/\{\{(.*?)\}\}/gs, (_, expression: string) => String(run(expression)));
}

const own = (value: unknown): unknown =>
	value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as unknown);

/** The item that a Set node gives out. */
export function setItem({ parameters }: WorkflowNode, scope: Scope): Record<string, unknown> {
	const { assignments, includeOtherFields } = parameters as {
		assignments: { assignments: Array<{ name: string; value: unknown }> };
		includeOtherFields?: boolean;
	};
	const fields = assignments.assignments.map(({ name, value }): [string, unknown] => [
		name,
		evaluate(value, scope),
	]);
	return { ...(includeOtherFields ? scope.json : {}), ...Object.fromEntries(fields) };
}

/** Whether each rule of a Switch node holds for an item, in their order. */
export function matches({ parameters }: WorkflowNode, scope: Scope): boolean[] {
	const { rules } = parameters as {
		rules: { values: Array<{ conditions: { conditions: Array<{ leftValue: string }> } }> };
	};
	return rules.values.map(({ conditions: { conditions } }) =>
		Boolean(evaluate(conditions[0]!.leftValue, scope)),
	);
}
