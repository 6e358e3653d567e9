import { chromium } from 'playwright-core';
import { owner } from '../../lab/n8n/editor.ts';

/** A Chromium of this machine; Debian's package is called chromium. */
const browser = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** Signs in to a running editor, opens a workflow and saves what the canvas shows as a PNG. */
export async function saveCanvas(editorUrl: string, workflowId: string, file: string): Promise<void> {
	const running = await chromium.launch({
		executablePath: browser,
		args: [
			'--no-sandbox',
			'--disable-gpu',
			'--disable-quic',
			'--no-first-run',
			'--disable-background-networking',
			'--disable-component-update',
			'--disable-sync',
		],
	});
	try {
		const page = await running.newPage({ viewport: { width: 1840, height: 720 }, deviceScaleFactor: 1.25 });
		await page.goto(`${editorUrl}/signin`);
		await page.locator('input[type=email]').fill(owner.email);
		await page.locator('input[type=password]').fill(owner.password);
		await page.locator('input[type=password]').press('Enter');
		await page.waitForURL((url) => !url.pathname.startsWith('/signin'));
		await page.goto(`${editorUrl}/workflow/${workflowId}`);
		await page.locator('[data-test-id=canvas-node]').first().waitFor();
		await page.locator('[data-test-id=zoom-to-fit]').click();
		// The nodes' icons come one by one, and fitting is animated.
		await page.waitForLoadState('networkidle');
		await page.waitForTimeout(1500);
		await page.locator('[data-test-id=canvas]').screenshot({ path: file });
	} finally {
		await running.close();
	}
}
