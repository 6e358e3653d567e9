import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { DateTime } from 'luxon';
import { root } from '../../scripts/lib/paths.ts';
import type { Workflow } from '../../lab/n8n/workflow.ts';
import { evaluate } from './support/expressions';

const { nodes } = JSON.parse(
	readFileSync(join(root, 'workflows', 'recover-workflow.json'), 'utf8'),
) as Workflow;

type Items = Record<string, object[]>;

/** The time of the workflow, as n8n has it. */
const $now = DateTime.now().setZone('Europe/Berlin');

/** What a Code node of the form gives, from what the nodes before it gave. */
function run<Result>(name: string, before: Items, input: object[] = []): Result[] {
	const asItems = (items: object[] = []) => items.map((json) => ({ json }));
	const $ = (node: string) => ({ all: () => asItems(before[node]), first: () => asItems(before[node])[0] });
	const $input = { all: () => asItems(input), first: () => asItems(input)[0] };
	const { jsCode } = nodes.find((node) => node.name === name)!.parameters as { jsCode: string };
	const made = runInNewContext(`(() => {${jsCode}})()`, { $, $input, $now, DateTime, Buffer }) as unknown[];
	return JSON.parse(JSON.stringify(made)) as Result[];
}

const night = (component: string, census: object | undefined, more: object = {}) => ({
	...{
		component,
		state: 'good',
		name: `${component}_1`,
		at: '2026-11-25T02:00:00.000Z',
		storedBytes: 3_200_000,
	},
	...(census && { manifest: { census } }),
	...more,
});

test('the nights are those that hold workflows, in whatever schema, under whatever prefix, the newest first', () => {
	const [made] = run<{ json: { nights: Array<Record<string, string>> } }>('Nights', {
		'List Backups': [
			night('postgres', { tables: { 'public.workflow_entity': 1, 'public.user': 1 } }, { name: 'a' }),
			night('postgres', { tables: { 'public.orders': 1 } }, { name: 'shop' }),
			night('postgres', undefined, { name: 'b', state: 'unproven', at: '2026-11-26T02:00:00.000Z' }),
			night('postgres', { tables: { 'n8n."Xworkflow_entity"': 1, 'm.workflow_entity': 1 } }, { name: 'c' }),
			night('postgres', { tables: { 'public.workflow_entity': 1 } }, { name: 'd', state: 'contradicted' }),
			night(
				'n8n',
				{ databases: [{ path: 'database.sqlite', tables: { workflow_entity: 3 } }] },
				{ name: 'e' },
			),
			night('n8n', { databases: [{ path: 'other.sqlite' }] }, { name: 'f' }),
			night('n8n', { entries: 3 }, { name: 'g' }),
			night('n8n', { sqlite: ['.n8n/database.sqlite', 'other.db'] }, { name: 'h' }),
			{},
		],
	});
	expect(made!.json.nights.map(({ label, table, database }) => [label, table, database])).toEqual([
		['2026-11-26 03:00:00 · PostgreSQL · 3.2 MB · b · unproven', 'public.workflow_entity', undefined],
		['2026-11-25 03:00:00 · PostgreSQL · 3.2 MB · a', 'public.workflow_entity', undefined],
		['2026-11-25 03:00:00 · PostgreSQL · 3.2 MB · c · m.workflow_entity', 'm.workflow_entity', undefined],
		[
			'2026-11-25 03:00:00 · PostgreSQL · 3.2 MB · c · n8n.Xworkflow_entity',
			'n8n."Xworkflow_entity"',
			undefined,
		],
		['2026-11-25 03:00:00 · SQLite · 3.2 MB · e', '"workflow_entity"', 'database.sqlite'],
		['2026-11-25 03:00:00 · SQLite · 3.2 MB · h', '"workflow_entity"', '.n8n/database.sqlite'],
	]);
});

interface Compared {
	unknown?: string;
	workflows: Array<{ id: string; state: string; differences?: Record<string, string[]> }>;
}

const step = (id: string, parameters: object = {}, position = [0, 0]) => ({
	...{ id, name: `node ${id}`, type: 'x', parameters, position },
});
const workflow = (id: string, steps: object[], more: object = {}) => ({
	...{ id, name: `workflow ${id}`, nodes: steps, connections: {}, settings: { a: 1, b: 2 } },
	...{ updatedAt: '2026-11-24T10:00:00.000Z', ...more },
});

function compare(then: object[], today: object[], kind = 'PostgreSQL'): Compared {
	const read = { 'Read Dump': [] as object[], 'Read Archive': [] as object[] };
	read[kind === 'PostgreSQL' ? 'Read Dump' : 'Read Archive'] = then;
	return run<{ json: Compared }>('Compare', { Chosen: [{ kind }], ...read }, today)[0]!.json;
}

test.each([
	[
		'the same, whatever the order of keys and places on the canvas',
		[step('1')],
		{ settings: { b: 2, a: 1 } },
	],
	['a node elsewhere', [step('1', {}, [500, 80])], {}],
])('a workflow is as today: %s', (_, steps, more) => {
	const { workflows } = compare([workflow('w', [step('1')])], [workflow('w', steps, more)]);
	expect(workflows).toMatchObject([{ state: 'as today' }]);
});

test('what differs is said node by node', () => {
	const before = workflow('w', [step('1'), step('2'), step('3')]);
	const now = workflow('w', [step('1'), step('3', { changed: true }), step('4')], {
		...{ name: 'other', connections: { a: 1 }, settings: {} },
	});
	expect(compare([before], [now]).workflows).toMatchObject([
		{
			state: 'different today',
			differences: {
				removed: ['node 2'],
				added: ['node 4'],
				changed: ['node 3'],
				others: ['Its name is “other” today.', 'Nodes are connected otherwise.', 'Its settings are others.'],
			},
		},
	]);
});

test('SQLite keeps as texts what PostgreSQL keeps as JSON; it comes to the same', () => {
	const before = workflow('w', [step('1')]);
	const texts = {
		...{
			...before,
			nodes: JSON.stringify(before.nodes),
			connections: '{}',
			updatedAt: '2026-11-24 10:00:00.000',
		},
		settings: JSON.stringify(before.settings),
	};
	const [fromArchive] = compare([texts], [before], 'SQLite').workflows;
	expect(fromArchive).toEqual(compare([before], [before]).workflows[0]);
});

test('gone, archived and different workflows come first', () => {
	const then = ['a', 'b', 'c', 'd'].map((id) => workflow(id, [step('1')]));
	const today = [
		workflow('a', [step('1')]),
		workflow('b', [step('2')]),
		workflow('c', [step('1')], { isArchived: true }),
	];
	expect(compare(then, today).workflows.map(({ id, state }) => [id, state])).toEqual([
		...[
			['d', 'gone today'],
			['c', 'archived today'],
			['b', 'different today'],
			['a', 'as today'],
		],
	]);
});

test('where today is not known nothing is called gone', () => {
	const then = [workflow('a', [step('1')])];
	const inactive = compare(then, [{ ...then[0], ofBackup: 1 }]);
	expect(inactive).toMatchObject({ unknown: 'the node Today is not active.', workflows: [{ state: '' }] });
	const refused = compare(then, [{ error: { message: 'Unauthorized' } }]);
	expect(refused).toMatchObject({ unknown: 'Unauthorized', workflows: [{ state: '' }] });
	// This n8n was asked, and has none any more.
	expect(compare(then, [{}]).workflows).toMatchObject([{ state: 'gone today' }]);
});

test('files can be imported whatever a workflow is called, and no two have one name', () => {
	const workflows = [
		workflow('a', [step('1')], { name: 'Größe: 1/2 😀' }),
		workflow('b', [step('2')], { name: 'Größe: 1/2 😀' }),
	];
	const [made] = run<{
		json: { files: string };
		binary: Record<string, { data: string; fileName: string }>;
	}>('Files', { Picked: [{ workflows }] });
	expect(made!.json.files).toBe('file1,file2');
	const files = Object.values(made!.binary);
	expect(files.map(({ fileName }) => fileName)).toEqual(['Größe_ 1_2 😀.json', 'Größe_ 1_2 😀 (2).json']);
	const content = Buffer.from(files[0]!.data, 'base64');
	expect(content.every((byte) => byte < 128)).toBe(true);
	expect(JSON.parse(content.toString())).toMatchObject({ name: 'Größe: 1/2 😀', nodes: [{ id: '1' }] });
});

test('a copy says which night it is of, and has no setting that the API may refuse', () => {
	const settings = { executionOrder: 'v1', timezone: 'DEFAULT', errorWorkflow: 'x', somethingNew: true };
	const [made] = run('Copies', {
		Chosen: [{ at: '2026-11-25T12:00:00.000Z' }],
		Picked: [{ workflows: [workflow('a', [step('1')], { settings })] }],
	});
	expect(made).toMatchObject({
		json: {
			workflow: { name: 'workflow a (from 25 Nov)', settings: { executionOrder: 'v1', errorWorkflow: 'x' } },
		},
	});
	expect(JSON.stringify(made)).not.toMatch(/somethingNew|DEFAULT/);
});

test('where no night can be read it says what is there', () => {
	const { completionMessage } = nodes.find(({ name }) => name === 'Nothing There')!.parameters;
	const message = (list: object[]) =>
		evaluate(completionMessage, {
			items: { Settings: [{ backupDirectory: '/backups' }], 'List Backups': list },
		});
	const problem = 'It has 7 bytes, and its manifest says 8.';
	const damaged = night('postgres', undefined, { state: 'contradicted', problem });
	expect(message([damaged])).toBe(
		`/backups holds no backup of an n8n database that could be read. postgres_1 is contradicted: ${problem}`,
	);
	// Good ones of something else are nobody's nights.
	expect(message([{}, night('postgres', { tables: { 'public.orders': 1 } })])).toBe(
		'/backups holds no backup of an n8n database.',
	);
	expect(message([{ error: 'n8n may not use /backups.' }])).toBe('n8n may not use /backups.');
});
