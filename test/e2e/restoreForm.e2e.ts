import { createCredentials, manualTrigger, nightlyBackup } from '../../lab/n8n/nightlyBackup.ts';
import { startStack, type Stack } from '../../lab/n8n/stack.ts';
import { fillIn, shippedWorkflow } from '../../lab/n8n/workflow.ts';
import { seedN8n } from '../../lab/seed/n8nData.ts';
import { seedRedis } from '../../lab/seed/redisQueue.ts';
import { type FormPage, FormVisit } from './support/form';
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
		expect(newest).toMatch(
			/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d · n8n · \d+\.\d [kM]B · drilled · n8n_\d{8}_\d{6}\.sql\.gz$/,
		);

		const target = await visit.submit({ Backup: newest! });
		expect(target.title).toBe('Where to?');
		expect(target.text).toMatch(
			/Of database n8n of .* PostgreSQL 17\.\d+ .* Last drill passed \d{4}-\d\d-\d\d/,
		);
		expect(target.fields['Restore to']?.options).toEqual(['A new database', 'Replace a database']);

		const name = await visit.submit({ 'Restore to': 'A new database' });
		expect(name.title).toBe('What is it to be called?');
		expect(name.fields.Database?.value).toMatch(/^n8n_\d{8}_\d{6}$/);

		const done = await visit.submit({ Database: 'brought_back' });
		expect(done.title).toBe('brought_back is restored');
		expect(done.text).toMatch(/public\.execution_data (\d+) \1 /);
		const rows = await describeRows(stack.postgres, 'brought_back');
		const settled = (all: typeof rows) =>
			Object.fromEntries(Object.entries(all).filter(([table]) => !written.test(table)));
		expect(Object.keys(rows)).toEqual(Object.keys(before));
		expect(settled(rows)).toEqual(settled(before));
	});

	/** Goes to the page that asks for the name of the database that is replaced. */
	async function toReplacement(): Promise<{ visit: FormVisit; page: FormPage }> {
		const visit = await FormVisit.open(formUrl, stack.editor.cookie);
		const backups = await visit.submit();
		await visit.submit({ Backup: backups.fields.Backup!.options![0]! });
		return { visit, page: await visit.submit({ 'Restore to': 'Replace a database' }) };
	}

	test('replaces a database only when its name was typed again, and asks until it is', async () => {
		// As the credential's role, which is no superuser.
		await stack.postgres.createDatabase('spare', `OWNER "${stack.database.user}"`);
		await stack.postgres.psql(`SET ROLE "${stack.database.user}"; CREATE TABLE public.of_before (a int)`, {
			database: 'spare',
		});
		const { visit, page } = await toReplacement();
		expect(page.title).toBe('Which one is replaced?');
		expect(page.text).toContain('Everything in this database is replaced.');
		expect(page.fields.Database?.value).toBe('n8n');

		for (const Confirm of ['n8n', 'sparse']) {
			const again = await visit.submit({ Database: 'spare', Confirm });
			expect(again.title).toBe('Which one is replaced?');
			expect(again.text).toContain('What was typed under Confirm is not the name of the database.');
		}
		const done = await visit.submit({ Database: 'spare', Confirm: 'spare' });

		expect(done.text).toMatch(/^spare is restored/);
		const [, replaced = ''] = /What was there before is now the database (\S+),/.exec(done.text) ?? [];
		expect(await stack.postgres.psql('SELECT count(*) FROM of_before', { database: replaced })).toBe('0');
		expect(await stack.postgres.psql('SELECT count(*) > 0 FROM "user"', { database: 'spare' })).toBe('t');
	});

	test('refuses the database of this very n8n on its last page, with the way out', async () => {
		const { visit } = await toReplacement();
		const own = stack.database.database;

		const refused = await visit.submit({ Database: own, Confirm: own });

		expect(refused.title).toBe('The restore failed; nothing was changed');
		expect(refused.text).toContain(
			`"${own}" is the database of the n8n that runs this workflow: it cannot be replaced from inside. Stop n8n and its workers, then run n8n-backup restore postgres NAME --replace ${own}`,
		);
		expect(await stack.postgres.psql(`SELECT datname FROM pg_database WHERE datname LIKE '${own}%'`)).toBe(
			own,
		);
	});
});
