import { createCredentials, manualTrigger, nightlyBackup } from '../../lab/n8n/nightlyBackup.ts';
import { startStack, type Stack } from '../../lab/n8n/stack.ts';
import { fillIn, shippedWorkflow } from '../../lab/n8n/workflow.ts';
import { seedN8n } from '../../lab/seed/n8nData.ts';
import { seedRedis } from '../../lab/seed/redisQueue.ts';
import { FormVisit } from './support/form';
import { describeRows } from './support/rows';

jest.setTimeout(300_000);

let stack: Stack;
let before: Awaited<ReturnType<typeof describeRows>>;
let formUrl: string;

/** An n8n with some weeks of data, one night's backup of it, and the shipped form switched on. */
beforeAll(async () => {
	stack = await startStack();
	const credentials = await createCredentials(stack);
	await seedN8n(stack.editor, stack.database, 200);
	await seedRedis(stack.redis, 10);
	const night = await stack.editor.createWorkflow(await nightlyBackup(stack, credentials));
	before = await describeRows(stack.postgres, 'n8n');
	const { status, error } = await stack.editor.run(night, manualTrigger);
	expect([status, error]).toEqual(['success', undefined]);

	const { backupDirectory } = stack;
	const shipped = await shippedWorkflow('restore-postgres.json');
	const form = fillIn(shipped, { credentials, settings: { backupDirectory } });
	await stack.editor.activate(await stack.editor.createWorkflow(form));
	formUrl = `${stack.n8n.url}/form/restore-database`;
});

afterAll(async () => {
	await stack?.stop();
});

/** What n8n itself writes while a workflow runs, and while the form waits. */
const written =
	/^public\.(execution_|insights_|workflow_statistics|workflow_(entity|history|publish)|shared_workflow|webhook_)/;

describe('the shipped restore form', () => {
	test('lets nobody in who is not signed in to this n8n', async () => {
		await expect(FormVisit.open(formUrl, 'n8n-auth=of-nobody')).rejects.toThrow(
			/^n8n answered \/rest\/consent\/details with 401/,
		);
	});

	test('restores the newest backup into a new database, and shows the comparison', async () => {
		const visit = await FormVisit.open(formUrl, stack.editor.cookie);
		expect(visit.page.title).toBe('Restore a database');

		const backups = await visit.submit();
		expect(backups.title).toBe('Which backup?');
		const [newest] = backups.fields.Backup?.options ?? [];
		expect(newest).toMatch(/^n8n_\d{8}_\d{6}\.sql\.gz · \d{4}-\d\d-\d\d \d\d:\d\d UTC · \d+\.\d MB$/);

		const target = await visit.submit({ Backup: newest! });
		expect(target.title).toBe('Where to?');
		expect(target.text).toMatch(/Database n8n PostgreSQL 17\.\d+ .* Last drill passed, \d{4}-\d\d-\d\d/);
		expect(target.fields['Restore to']?.options).toEqual(['A new database', 'Replace a database']);
		expect(target.fields.Database?.value).toMatch(/^n8n_\d{8}_\d{6}$/);

		const done = await visit.submit({ 'Restore to': 'A new database', Database: 'brought_back' });
		expect(done.title).toBe('brought_back is restored');
		expect(done.text).toContain('public.execution_data 2');
		const rows = await describeRows(stack.postgres, 'brought_back');
		const settled = (all: typeof rows) =>
			Object.fromEntries(Object.entries(all).filter(([table]) => !written.test(table)));
		expect(Object.keys(rows)).toEqual(Object.keys(before));
		expect(settled(rows)).toEqual(settled(before));
	});

	test('refuses the database of this very n8n on its last page, with the way out', async () => {
		const visit = await FormVisit.open(formUrl, stack.editor.cookie);
		const backups = await visit.submit();
		await visit.submit({ Backup: backups.fields.Backup!.options![0]! });
		const own = stack.database.database;
		const answers = { 'Restore to': 'Replace a database', Database: own, Confirm: own };

		const refused = await visit.submit(answers);

		expect(refused.title).toBe('The restore failed; nothing was changed');
		expect(refused.text).toContain(
			`"${own}" is the database of the n8n that runs this workflow: it cannot be replaced from inside. Stop n8n and its workers, then run n8n-backup restore postgres NAME --replace ${own}`,
		);
		expect(await stack.postgres.psql('SELECT datname FROM pg_database ORDER BY 1')).not.toMatch(/replaced/);
	});
});
