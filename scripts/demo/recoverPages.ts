import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { manualTrigger, nightlyBackup } from '../../lab/n8n/nightlyBackup.ts';
import { type CredentialReference, owner } from '../../lab/n8n/editor.ts';
import type { Stack } from '../../lab/n8n/stack.ts';
import { fillIn, shippedWorkflow, type Workflow, type WorkflowNode } from '../../lab/n8n/workflow.ts';
import { signedIn } from './browser.ts';

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
		const save = async (name: string) => {
			await page.waitForLoadState('networkidle');
			await page.screenshot({ path: join(images, `recover-${name}.png`), fullPage: true });
		};
		await page.goto(`${n8n.url}/form/recover-workflow`);
		await allowIfAsked(page);
		await next(page, 'Which night?');
		const nights = page.locator('select');
		await nights.selectOption({ index: 1 });
		await save('night');
		await next(page, 'Which workflows?');
		for (const name of ['Send invoices', 'Weekly report']) await option(page, name).click();
		await save('workflows');
		await next(page, 'What differs');
		await page.locator('select').selectOption('As inactive copies in this n8n');
		await save('differences');
		await page.locator('#submit-btn').click();
		await page.getByRole('heading', { name: 'They are back' }).waitFor({ timeout: 120_000 });
		await save('done');
	});
}

function option(page: Page, name: string): Locator {
	return page.locator('.multiselect-option label', { hasText: `${name} · ` });
}

async function next(page: Page, title: string): Promise<void> {
	await page.locator('#submit-btn').click();
	await page.getByRole('heading', { name: title }).waitFor({ timeout: 120_000 });
}

/** n8n may ask for another sign-in, and once whether a form may know who fills it in. */
async function allowIfAsked(page: Page): Promise<void> {
	const button = page.locator('#submit-btn');
	const allow = page.locator('[data-test-id=consent-allow-button]');
	const email = page.locator('input[type=email]');
	await button.or(allow).or(email).first().waitFor();
	if (await email.isVisible()) {
		await email.fill(owner.email);
		await page.locator('input[type=password]').fill(owner.password);
		await page.locator('input[type=password]').press('Enter');
		await button.or(allow).first().waitFor();
	}
	if (await button.isVisible()) return;
	const confirm = page.locator('[data-test-id=consent-redirect-confirm]');
	if (await confirm.isVisible()) await confirm.click();
	await allow.click();
	await button.waitFor();
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
