import type { Locator, Page } from 'playwright-core';
import { manualTrigger, nightlyBackup } from '../../lab/n8n/nightlyBackup.ts';
import type { CredentialReference } from '../../lab/n8n/editor.ts';
import type { Stack } from '../../lab/n8n/stack.ts';
import { fillIn, shippedWorkflow, type Workflow, type WorkflowNode } from '../../lab/n8n/workflow.ts';
import { signedIn } from './browser.ts';
import { nextPage, openForm, pictures } from './formPages.ts';

/**
 * Backs up an n8n with a few workflows, deletes one and spoils another, and saves every page of the form that gets
 * them back, as a person goes through it.
 */
export async function saveRecoverPages(
	stack: Stack,
	credentials: Record<string, CredentialReference>,
	images: string,
): Promise<void> {
	const { editor, n8n, backupDirectory } = stack;
	const invoices = await create(stack, 'Send invoices', [
		'Every Monday',
		'Open orders',
		'Make PDF',
		'Mail it',
	]);
	const report = await create(stack, 'Weekly report', ['Friday', 'Read sales', 'Draw chart', 'Post it']);
	await create(stack, 'New customers', ['Webhook', 'Check address', 'Add to CRM']);
	await editor.run(await editor.createWorkflow(await nightlyBackup(stack, credentials)), manualTrigger);
	await editor.deleteWorkflow(invoices);
	await editor.changeWorkflow(report, chain(['Friday', 'Draw chart', 'Post it', 'Ask somebody']));

	const n8nApi = await editor.createApiCredential('this n8n');
	const shipped = await shippedWorkflow('recover-workflow.json');
	const form = fillIn(shipped, { credentials: { ...credentials, n8nApi }, settings: { backupDirectory } });
	await editor.activate(await editor.createWorkflow(form));

	await signedIn(n8n.url, { width: 860, height: 760 }, async (page) => {
		const save = pictures(page, images, 'recover');
		await openForm(page, `${n8n.url}/form/recover-workflow`);
		await nextPage(page, 'Which night?');
		const nights = page.locator('select');
		await nights.selectOption({ index: 1 });
		await save('night');
		await nextPage(page, 'Which workflows?');
		for (const name of ['Send invoices', 'Weekly report']) await option(page, name).click();
		await save('workflows');
		await nextPage(page, 'What differs');
		await page.locator('select').selectOption('As inactive copies in this n8n');
		await save('differences');
		await nextPage(page, 'They are back');
		await save('done');
	});
}

function option(page: Page, name: string): Locator {
	return page.locator('.multiselect-option label', { hasText: `${name} · ` });
}

async function create({ editor }: Stack, name: string, steps: string[]): Promise<string> {
	return (await editor.createWorkflow({ name, ...chain(steps) })).id;
}

/** Nodes one behind the other, each the same one wherever its name comes up. */
function chain(steps: string[]): Pick<Workflow, 'nodes' | 'connections'> {
	const nodes = steps.map((name, at): WorkflowNode => ({
		...{ id: `id of ${name}`, name, type: 'n8n-nodes-base.noOp', typeVersion: 1, parameters: {} },
		position: [at * 200, 0],
	}));
	const links = steps
		.slice(1)
		.map((name, at) => [steps[at], { main: [[{ node: name, type: 'main', index: 0 }]] }]);
	return { nodes, connections: Object.fromEntries(links) as Workflow['connections'] };
}
