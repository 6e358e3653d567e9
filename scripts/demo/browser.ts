import { type Browser, chromium, type Page } from 'playwright-core';
import { owner } from '../../lab/n8n/editor.ts';

/** A Chromium of this machine; Debian's package is called chromium. */
const browser = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** However slow the machine is: a whole night may have to run. In milliseconds. */
const patience = 300_000;

/** Starts a browser and ends it when the work is done. */
export async function withBrowser(work: (browser: Browser) => Promise<void>): Promise<void> {
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
		await work(running);
	} finally {
		await running.close();
	}
}

/** Opens a browser, signs in to a running editor as its owner, and closes it when the work is done. */
export async function signedIn(
	editorUrl: string,
	viewport: { width: number; height: number },
	work: (page: Page) => Promise<void>,
): Promise<void> {
	await withBrowser(async (running) => {
		const page = await running.newPage({ viewport, deviceScaleFactor: 1.25 });
		page.setDefaultTimeout(patience);
		await page.goto(`${editorUrl}/signin`);
		await page.locator('input[type=email]').fill(owner.email);
		await page.locator('input[type=password]').fill(owner.password);
		await page.locator('input[type=password]').press('Enter');
		await page.waitForURL((url) => !url.pathname.startsWith('/signin'));
		await work(page);
	});
}
