import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { owner } from '../../lab/n8n/editor.ts';

/** However long a page takes to come: between two of them a database may be restored. In milliseconds. */
const patience = 120_000;

/** Opens a form, and signs in or allows it to know who fills it in where n8n asks for that. */
export async function openForm(page: Page, url: string): Promise<void> {
	await page.goto(url);
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

/** Sends the page off and waits for the next one, known by its title. */
export async function nextPage(page: Page, title: string): Promise<void> {
	await page.locator('#submit-btn').click();
	await page.getByRole('heading', { name: title }).waitFor({ timeout: patience });
}

/** Saves the whole page as PREFIX-NAME.png. */
export function pictures(page: Page, images: string, prefix: string): (name: string) => Promise<void> {
	return async (name) => {
		await page.waitForLoadState('networkidle');
		await page.screenshot({ path: join(images, `${prefix}-${name}.png`), fullPage: true });
	};
}
