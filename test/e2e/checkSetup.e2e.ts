import type { CredentialReference } from '../../lab/n8n/editor.ts';
import { n8nVersion } from '../../lab/n8n/ensureN8n.ts';
import { createCredentials, manualTrigger } from '../../lab/n8n/nightlyBackup.ts';
import { startStack, type Stack } from '../../lab/n8n/stack.ts';
import type { Workflow } from '../../lab/n8n/workflow.ts';

jest.setTimeout(120_000);

let stack: Stack;
let credentials: Awaited<ReturnType<typeof createCredentials>>;

beforeAll(async () => {
	stack = await startStack({ timezone: 'Europe/Berlin' });
	credentials = await createCredentials(stack);
}, 300_000);
afterAll(async () => await stack?.stop());

interface Row {
	check: string;
	result: string;
	found: string;
	whatToDo: string;
}

/** Runs Check Setup by hand, as the only node behind its trigger. */
async function checkSetup(
	parameters: object,
	chosen: Record<string, CredentialReference> = {},
): Promise<Record<string, Row>> {
	const workflow: Workflow = {
		name: 'Check Setup',
		nodes: [
			{
				...{ id: 'a', name: manualTrigger, position: [0, 0], parameters: {} },
				...{ type: 'n8n-nodes-base.manualTrigger', typeVersion: 1 },
			},
			{
				...{ id: 'b', name: 'Check', position: [200, 0], credentials: chosen },
				...{ type: 'n8n-nodes-backup.pruneBackups', typeVersion: 2 },
				parameters: { operation: 'checkSetup', ...parameters },
			},
		],
		connections: { [manualTrigger]: { main: [[{ node: 'Check', type: 'main', index: 0 }]] } },
		settings: {},
	};
	const saved = await stack.editor.createWorkflow(workflow);
	const { status, error, nodes } = await stack.editor.run(saved, manualTrigger);
	expect({ status, error }).toEqual({ status: 'success', error: undefined });
	const rows = nodes.Check!.outputs[0] as unknown as Row[];
	return Object.fromEntries(rows.map((row) => [row.check, row]));
}

const resultsOf = (rows: Record<string, Row>) =>
	Object.fromEntries(Object.values(rows).map(({ check, result }) => [check, result]));

describe('Check Setup in a real n8n', () => {
	test('knows n8n, and tries its servers, its folder and its key', async () => {
		const rows = await checkSetup(
			{
				backupDirectory: stack.backupDirectory,
				dataDirectory: stack.n8nDataDirectory,
				envFile: stack.envFile,
			},
			credentials,
		);
		expect(resultsOf(rows)).toMatchObject({
			'n8n version': 'passed',
			worker: 'passed',
			N8N_RESTRICT_FILE_ACCESS_TO: 'passed',
			'time zone': 'passed',
			'backup directory': 'passed',
			'free space': 'unknown',
			'data folder': 'passed',
			[`file ${stack.envFile}`]: 'passed',
			'encryption key': 'passed',
			PostgreSQL: 'passed',
			'PostgreSQL: rights': 'passed',
			'PostgreSQL: n8n': 'passed',
			'PostgreSQL: key fits': 'passed',
			'PostgreSQL: clock': 'passed',
			Redis: 'passed',
			'Redis: rights': 'passed',
		});
		expect(rows['n8n version']!.found).toBe(`n8n ${n8nVersion}.`);
		expect(rows['PostgreSQL: n8n']!.found).toContain(`by n8n ${n8nVersion}`);
		expect(rows['encryption key']!.found).toContain('and it is the one that n8n uses');
	});

	test('needs no credential where no server is to be asked, and says what is missing', async () => {
		const rows = await checkSetup({
			backupDirectory: `${stack.backupDirectory}/none`,
			...{ checkPostgres: false, checkRedis: false },
		});
		expect(rows['backup directory']).toMatchObject({
			result: 'failed',
			found: expect.stringContaining('none') as string,
		});
		expect(resultsOf(rows)).toMatchObject({
			PostgreSQL: 'unknown',
			Redis: 'unknown',
			'encryption key': 'unknown',
		});
	});
});
