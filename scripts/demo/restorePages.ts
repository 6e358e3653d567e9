import type { CredentialReference } from '../../lab/n8n/editor.ts';
import type { Stack } from '../../lab/n8n/stack.ts';
import { fillIn, shippedWorkflow } from '../../lab/n8n/workflow.ts';
import { signedIn } from './browser.ts';
import { nextPage, openForm, pictures } from './formPages.ts';

/** Restores the newest dump into a new database by the form, and saves every page, as a person goes through it. */
export async function saveRestorePages(
	{ editor, n8n, backupDirectory }: Stack,
	credentials: Record<string, CredentialReference>,
	images: string,
): Promise<void> {
	const shipped = await shippedWorkflow('restore-postgres.json');
	const form = fillIn(shipped, { credentials, settings: { backupDirectory } });
	await editor.activate(await editor.createWorkflow(form));
	await signedIn(n8n.url, { width: 860, height: 760 }, async (page) => {
		const save = pictures(page, images, 'restore');
		await openForm(page, `${n8n.url}/form/restore-database`);
		await nextPage(page, 'Which backup?');
		await page.locator('select').selectOption({ index: 1 });
		await save('backup');
		await nextPage(page, 'Where to?');
		await page.locator('select').selectOption('A new database');
		await save('where');
		await nextPage(page, 'What is it to be called?');
		await save('name');
		await nextPage(page, 'is restored');
		await save('done');
	});
}
