import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '../../scripts/lib/paths.ts';

export interface WorkflowNode {
	name: string;
	type: string;
	typeVersion: number;
	parameters: Record<string, unknown>;
	credentials?: Record<string, { id: string; name: string }>;
	[key: string]: unknown;
}

/** A workflow as the editor imports and exports it. */
export interface Workflow {
	/** Fixed in the shipped ones: n8n's import command asks for one. */
	id?: string;
	name: string;
	nodes: WorkflowNode[];
	connections: Record<string, unknown>;
	settings?: Record<string, unknown>;
}

/** One of the workflows that the package ships, as built into dist/. */
export async function shippedWorkflow(file: string): Promise<Workflow> {
	return JSON.parse(await readFile(join(root, 'dist', 'workflows', file), 'utf8')) as Workflow;
}

/** What a person fills in after the import. */
export interface Choices {
	/** Credentials by their type: every node that takes one of this type gets it. */
	credentials: Record<string, { id: string; name: string }>;
	/** Values of the fields of the Settings node, by name. */
	settings: Record<string, string | number | boolean>;
}

/** The workflow with the credentials picked and the Settings node filled in; everything else stays as shipped. */
export function fillIn(workflow: Workflow, { credentials, settings }: Choices): Workflow {
	return {
		...workflow,
		// As the editor does it: what a person imports becomes a workflow of its own.
		id: undefined,
		nodes: workflow.nodes.map((node) => {
			if (node.name === 'Settings') return withSettings(node, settings);
			const type = credentialTypes[node.type];
			const credential = type && credentials[type];
			if (!credential) return node;
			// What waits for its credential is switched on with it.
			return { ...node, disabled: false, credentials: { [type]: credential } };
		}),
	};
}

const credentialTypes: Record<string, string> = {
	'n8n-nodes-base.n8n': 'n8nApi',
	'n8n-nodes-base.emailSend': 'smtp',
	'n8n-nodes-base.webhook': 'httpBasicAuth',
	'n8n-nodes-backup.postgresBackup': 'postgres',
	'n8n-nodes-backup.redisSnapshot': 'redis',
};

interface Assignment {
	name: string;
	value: unknown;
}

function withSettings(node: WorkflowNode, settings: Choices['settings']): WorkflowNode {
	const { assignments } = node.parameters.assignments as { assignments: Assignment[] };
	for (const name of Object.keys(settings)) {
		if (!assignments.some((assignment) => assignment.name === name)) {
			throw new Error(`The Settings node has no field ${name}`);
		}
	}
	const filled = assignments.map((assignment) => ({
		...assignment,
		value: settings[assignment.name] ?? assignment.value,
	}));
	return { ...node, parameters: { ...node.parameters, assignments: { assignments: filled } } };
}
