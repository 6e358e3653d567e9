import { signedIn } from './browser.ts';

/** Signs in to a running editor, opens a workflow and saves what the canvas shows as a PNG. */
export async function saveCanvas(
	editorUrl: string,
	workflowId: string,
	file: string,
	viewport = { width: 2400, height: 800 },
): Promise<void> {
	await signedIn(editorUrl, viewport, async (page) => {
		await page.goto(`${editorUrl}/workflow/${workflowId}`);
		await page.locator('[data-test-id=canvas-node]').first().waitFor();
		await page.locator('[data-test-id=zoom-to-fit]').click();
		// The nodes' icons come one by one, and fitting is animated.
		await page.waitForLoadState('networkidle');
		await page.waitForTimeout(1500);
		await page.locator('[data-test-id=canvas]').screenshot({ path: file });
	});
}
