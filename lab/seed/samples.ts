import type { Workflow, WorkflowNode } from '../n8n/workflow.ts';

/** Credentials as people keep them in n8n; the secrets are made up. */
export const sampleCredentials = [
	{
		name: 'Shop API',
		type: 'httpHeaderAuth',
		data: { name: 'Authorization', value: 'Bearer made-up-shop-token' },
	},
	{ name: 'Warehouse', type: 'httpBasicAuth', data: { user: 'warehouse', password: 'made-up-password' } },
	{ name: 'Maps', type: 'httpQueryAuth', data: { name: 'key', value: 'made-up-maps-key' } },
	{ name: 'Ticket system', type: 'httpHeaderAuth', data: { name: 'X-Api-Key', value: 'made-up-ticket-key' } },
];

const everyHour = { rule: { interval: [{ field: 'hours' }] } };
const get = (url: string) => ({ url, options: {} });
const code = (jsCode: string) => ({ jsCode });

type Kind = 'scheduleTrigger' | 'httpRequest' | 'code' | 'noOp';
const typeVersions: Record<Kind, number> = { scheduleTrigger: 1.2, httpRequest: 4.2, code: 2, noOp: 1 };

/** A workflow whose nodes follow one another. */
function chain(
	name: string,
	...steps: Array<[name: string, kind: Kind, parameters: Record<string, unknown>]>
): Workflow {
	const nodes = steps.map(([nodeName, kind, parameters], index): WorkflowNode => ({
		id: `${name}-${index}`,
		name: nodeName,
		type: `n8n-nodes-base.${kind}`,
		typeVersion: typeVersions[kind],
		position: [index * 220, 0],
		parameters,
	}));
	const connections = Object.fromEntries(
		nodes
			.slice(0, -1)
			.map(({ name: from }, index) => [
				from,
				{ main: [[{ node: nodes[index + 1]?.name, type: 'main', index: 0 }]] },
			]),
	);
	return { name, nodes, connections, settings: { executionOrder: 'v1' } };
}

export const sampleWorkflows: Workflow[] = [
	chain(
		'New orders to the warehouse',
		['Every hour', 'scheduleTrigger', everyHour],
		['Fetch orders', 'httpRequest', get('https://shop.example.com/api/orders?status=paid')],
		[
			'To the warehouse format',
			'code',
			code('return $input.all().filter((item) => item.json.status === "paid");'),
		],
		['Book', 'httpRequest', get('https://warehouse.example.com/book')],
	),
	chain(
		'Customers with open tickets',
		['Every hour', 'scheduleTrigger', everyHour],
		['Fetch tickets', 'httpRequest', get('https://tickets.example.com/open')],
		[
			'Group by customer',
			'code',
			code('return Object.values(Object.groupBy($input.all(), (i) => i.json.customer));'),
		],
		['Done', 'noOp', {}],
	),
	chain(
		'Price watch',
		['Every hour', 'scheduleTrigger', everyHour],
		['Fetch prices', 'httpRequest', get('https://competitor.example.com/prices.json')],
		[
			'Compare',
			'code',
			code('return $input.all().map((item) => ({ json: { ...item.json, cheaper: true } }));'),
		],
	),
	chain(
		'Invoices of the day',
		['Every hour', 'scheduleTrigger', everyHour],
		['Fetch invoices', 'httpRequest', get('https://books.example.com/invoices')],
		[
			'Sum',
			'code',
			code('return [{ json: { total: $input.all().reduce((sum, i) => sum + i.json.total, 0) } }];'),
		],
		['Report', 'httpRequest', get('https://chat.example.com/hook')],
		['Done', 'noOp', {}],
	),
];
