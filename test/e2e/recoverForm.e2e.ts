import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { createCredentials, manualTrigger, nightlyBackup } from '../../lab/n8n/nightlyBackup.ts';
import { startStack, type Stack } from '../../lab/n8n/stack.ts';
import { fillIn, shippedWorkflow, type Workflow } from '../../lab/n8n/workflow.ts';
import { FormVisit } from './support/form';

jest.setTimeout(600_000);

let stack: Stack;
let formUrl: string;
let formId: string;
let lost: Workflow & { id: string };
let spoilt: Workflow & { id: string };

const node = (id: string, name: string, parameters: object = {}) => ({
	...{ id, name, parameters, type: 'n8n-nodes-base.noOp', typeVersion: 1, position: [0, 0] },
});
const connected = (from: string, ...to: string[]) => ({
	[from]: { main: [to.map((name) => ({ node: name, type: 'main', index: 0 }))] },
});

/** An n8n with two workflows and one night's backup; then one of them is deleted, and the other one spoilt. */
beforeAll(async () => {
	stack = await startStack();
	const { editor } = stack;
	const credentials = {
		...(await createCredentials(stack)),
		n8nApi: await editor.createApiCredential('this n8n'),
	};
	lost = await create('Überweisung “Q3” <prüfen>', [node('a1', 'Start'), node('a2', 'Prüfen')]);
	spoilt = await create('Weekly report', [node('b1', 'Start'), node('b2', 'Fetch'), node('b3', 'Mail')]);
	await copyToSqlite();
	const night = await editor.createWorkflow(await nightlyBackup(stack, credentials));
	const { status, error } = await editor.run(night, manualTrigger);
	expect([status, error]).toEqual(['success', undefined]);

	await editor.deleteWorkflow(lost.id);
	await editor.changeWorkflow(spoilt.id, {
		nodes: [
			node('b1', 'Start'),
			node('b3', 'Mail', { other: true }),
			node('b4', 'Guess'),
		] as Workflow['nodes'],
		connections: connected('Start', 'Mail'),
	});
	formUrl = await activate('recover-workflow', credentials);
});

afterAll(async () => {
	await stack?.stop();
});

async function create(name: string, nodes: object[]): Promise<Workflow & { id: string }> {
	const names = nodes.map((each) => (each as { name: string }).name);
	const { id } = await stack.editor.createWorkflow({
		...{ name, nodes: nodes as Workflow['nodes'], connections: connected(names[0]!, ...names.slice(1)) },
		settings: { executionOrder: 'v1', timezone: 'Europe/Berlin' },
	});
	return { ...(await stack.editor.workflow(id)), id };
}

/** The workflows as an n8n on SQLite keeps them, where its data folder has them. */
async function copyToSqlite(): Promise<void> {
	const rows = await stack.postgres.psql(
		`SELECT coalesce(json_agg(json_build_object('id', id, 'name', name, 'nodes', nodes::text,
			'connections', connections::text, 'settings', settings::text,
			'updatedAt', to_char("updatedAt" AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS'))), '[]') FROM workflow_entity`,
		{ database: 'n8n' },
	);
	const literal = rows.replaceAll("'", "''");
	execFileSync('sqlite3', [join(stack.n8nDataDirectory, 'database.sqlite')], {
		input: `PRAGMA journal_mode = WAL;
			CREATE TABLE credentials_entity (id varchar(36) PRIMARY KEY, data text, type text, "updatedAt" datetime(3));
			CREATE TABLE execution_entity (id integer PRIMARY KEY);
			CREATE TABLE workflow_entity (id varchar(36) PRIMARY KEY, name varchar(128), nodes text, connections text,
				settings text, "updatedAt" datetime(3));
			INSERT INTO workflow_entity SELECT value ->> 'id', value ->> 'name', value ->> 'nodes',
				value ->> 'connections', value ->> 'settings', value ->> 'updatedAt' FROM json_each('${literal}');`,
	});
}

async function activate(
	path: string,
	credentials: Record<string, { id: string; name: string }>,
): Promise<string> {
	const shipped = await shippedWorkflow('recover-workflow.json');
	const form = fillIn(shipped, { credentials, settings: { backupDirectory: stack.backupDirectory } });
	for (const { type, parameters } of form.nodes)
		if (type === 'n8n-nodes-base.formTrigger') (parameters.options as { path: string }).path = path;
	const saved = await stack.editor.createWorkflow(form);
	formId = saved.id;
	await stack.editor.activate(saved);
	return `${stack.n8n.url}/form/${path}`;
}

/** Goes to the page where workflows are picked, and picks the two. */
async function pickBoth(visit: FormVisit, kind: 'PostgreSQL' | 'SQLite') {
	const nights = await visit.submit();
	expect(nights.title).toBe('Which night?');
	const night = nights.fields.Night!.options!.find((option) => option.includes(` · ${kind} · `))!;
	expect(night).toMatch(
		/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d · (PostgreSQL|SQLite) · \d+\.\d [kM]B · n8n(_data)?_\d{8}_\d{6}\.\w+\.gz$/,
	);
	const workflows = await visit.submit({ Night: night }).catch(async (error: Error) => {
		const [execution] = await stack.editor.executions({ id: formId });
		const { error: reason, failedNode } = await stack.editor.finished(execution!);
		throw new Error(`${error.message}: ${failedNode} says ${reason}`);
	});
	expect(workflows.title).toBe('Which workflows?');
	const labels = workflows.fields.Workflows!.options!;
	const picked = [lost, spoilt].map(({ id }) => labels.find((label) => label.endsWith(` · ${id}`))!);
	return { labels, picked, workflows, differences: await visit.submit({ Workflows: picked }) };
}

const copyNamed = async (name: string) => {
	const id = await stack.postgres.psql(
		`SELECT id FROM workflow_entity WHERE name LIKE '${name} (from %)' AND NOT active`,
		{ database: 'n8n' },
	);
	return await stack.editor.workflow(id);
};

describe('the shipped form that gets a workflow back', () => {
	test('from a PostgreSQL dump, as inactive copies in this n8n', async () => {
		const visit = await FormVisit.open(formUrl, stack.editor.cookie);
		expect(visit.page.title).toBe('Get a workflow back');
		const { labels, picked, differences } = await pickBoth(visit, 'PostgreSQL');

		expect(picked).toEqual([
			expect.stringMatching(/^Überweisung “Q3” <prüfen> · changed \d{4}-\d\d-\d\d \d\d:\d\d · gone today · /),
			expect.stringMatching(/^Weekly report · changed .* · different today · /),
		]);
		// The nightly workflow itself was in its own backup, and nobody touched it.
		expect(labels).toContainEqual(expect.stringMatching(/ · as today · /));
		expect(labels[0]).toBe(picked[0]);
		expect(differences.title).toBe('What differs');
		expect(differences.text).toContain('It is gone today. It had 2 nodes: Start, Prüfen.');
		expect(differences.text).toContain(
			'Nodes added since Guess Nodes removed since Fetch Nodes changed since Mail Nodes are connected otherwise.',
		);

		const done = await visit.submit({ 'Get them': 'As inactive copies in this n8n' });

		expect(done.title).toBe('They are back');
		for (const original of [lost, spoilt]) {
			const { nodes, connections, settings } = await copyNamed(original.name);
			expect({ nodes, connections }).toEqual({ nodes: original.nodes, connections: original.connections });
			expect(settings).toMatchObject({ executionOrder: 'v1', timezone: 'Europe/Berlin' });
		}
		// What was there is as it was.
		expect((await stack.editor.workflow(spoilt.id)).nodes).toHaveLength(3);
	});

	test('from an SQLite archive, as files that can be imported', async () => {
		const visit = await FormVisit.open(formUrl, stack.editor.cookie);
		const { picked } = await pickBoth(visit, 'SQLite');
		expect(picked[0]).toMatch(/ · gone today · /);
		expect(picked[1]).toMatch(/ · different today · /);

		const { title, files } = await visit.submit({ 'Get them': 'As files to import' });

		expect(title).toBe('Here they are');
		expect(Object.keys(files)).toEqual(['Überweisung “Q3” _prüfen_.json', 'Weekly report.json']);
		for (const [at, original] of [lost, spoilt].entries()) {
			const imported = JSON.parse(Object.values(files)[at]!) as Workflow;
			const { id } = await stack.editor.createWorkflow(imported);
			const { name, nodes, connections } = await stack.editor.workflow(id);
			expect({ name, nodes, connections }).toEqual({
				...{ name: original.name, nodes: original.nodes, connections: original.connections },
			});
		}
	});

	test('as it is imported, without an API credential, says that it compared with nothing, and gives files', async () => {
		const visit = await FormVisit.open(await activate('recover-by-file', {}), stack.editor.cookie);
		const { workflows, picked, differences } = await pickBoth(visit, 'PostgreSQL');
		expect(workflows.text).toContain('What is gone or different today is not known');
		expect(picked[0]).not.toContain('today');
		expect(differences.text).toContain(
			'What is different today is not known. It had 2 nodes: Start, Prüfen.',
		);
		const { files } = await visit.submit({ 'Get them': 'As files to import' });
		expect(Object.keys(files)).toHaveLength(2);
	});

	test('lets nobody in who is not signed in to this n8n', async () => {
		await expect(FormVisit.open(formUrl, 'n8n-auth=of-nobody')).rejects.toThrow(/with 401/);
	});
});
