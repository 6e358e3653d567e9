import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import { withBrowser } from './browser.ts';

/** How people look at the report: a screen or a telephone, by day or by night. */
export const looks = [
	{ name: 'report', width: 1120, colorScheme: 'light' },
	{ name: 'report-dark', width: 1120, colorScheme: 'dark' },
	{ name: 'report-narrow', width: 390, colorScheme: 'light' },
	{ name: 'report-narrow-dark', width: 390, colorScheme: 'dark' },
] as const;

export type Look = (typeof looks)[number];

/**
 * Opens the report, an HTML file, in each look and saves what it shows as NAME.png.
 *
 * @param examine sees the page before its picture is taken
 */
export async function saveReportPictures(
	file: string,
	images: string,
	chosen: readonly Look[] = looks,
	examine: (page: Page, look: Look) => Promise<void> = async () => {},
): Promise<void> {
	await withBrowser(async (browser) => {
		for (const look of chosen) {
			const { name, width, colorScheme } = look;
			const page = await browser.newPage({
				...{ viewport: { width, height: 900 }, colorScheme },
				deviceScaleFactor: 1.25,
			});
			await page.goto(pathToFileURL(file).href);
			await examine(page, look);
			// As much as is seen before one scrolls far.
			await page.screenshot({ path: join(images, `${name}.png`), clip: { x: 0, y: 0, width, height: 900 } });
			await page.close();
		}
	});
}
