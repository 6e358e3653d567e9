import { signedIn } from './browser.ts';
import { drillNode } from './drillItem.ts';

/**
 * Runs the nightly workflow in a running editor as a person does, opens the drill of the dump, saves its item as a PNG
 * and returns what stands there.
 */
export async function saveDrillItem(editorUrl: string, workflowId: string, file: string): Promise<string> {
	let shown = '';
	await signedIn(editorUrl, { width: 1840, height: 800 }, async (page) => {
		await page.goto(`${editorUrl}/workflow/${workflowId}`);
		const node = page.locator(`[data-test-id=canvas-node][data-node-name="${drillNode}"]`);
		await node.waitFor();
		await page.locator('[data-test-id=zoom-to-fit]').click();
		await page.locator('[data-test-id=execute-workflow-button]').first().click();
		await node.locator('[data-test-id=canvas-node-status-success]').waitFor();
		await node.dblclick();
		const panel = page.locator('[data-test-id=output-panel]');
		await panel.hover();
		await panel.locator('[data-test-id=radio-button-json]').click();
		await page.waitForTimeout(1500);
		await panel.screenshot({ path: file });
		shown = await panel.innerText();
	});
	return shown;
}
