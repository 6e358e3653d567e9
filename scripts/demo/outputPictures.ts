import { signedIn } from './browser.ts';

/** What a node has put out, as the editor shows it. */
export interface Output {
	node: string;
	view: 'json' | 'table';
	/** A PNG. */
	file: string;
}

/** How what stands on the page is shown: by a text of this machine, the one that a user would see. */
export type ShownAs = Record<string, string>;

/**
 * Runs a workflow in a running editor as a person does, opens one node after the other, saves what it has put out as a PNG,
 * and returns what stands there.
 */
export async function saveOutputs(
	editorUrl: string,
	workflowId: string,
	outputs: readonly Output[],
	shownAs: ShownAs = {},
): Promise<string[]> {
	const shown: string[] = [];
	await signedIn(editorUrl, { width: 1840, height: 800 }, async (page) => {
		await page.goto(`${editorUrl}/workflow/${workflowId}`);
		const nodeOf = (name: string) => page.locator(`[data-test-id=canvas-node][data-node-name="${name}"]`);
		await nodeOf(outputs[0]!.node).waitFor();
		await page.locator('[data-test-id=zoom-to-fit]').click();
		await page.locator('[data-test-id=execute-workflow-button]').first().click();
		for (const { node, view, file } of outputs) {
			await nodeOf(node).locator('[data-test-id=canvas-node-status-success]').waitFor();
			await nodeOf(node).dblclick();
			const panel = page.locator('[data-test-id=output-panel]');
			await panel.hover();
			await panel.locator(`[data-test-id=radio-button-${view}]`).click();
			await page.waitForTimeout(1500);
			await panel.evaluate(showAs, shownAs);
			await panel.screenshot({ path: file });
			shown.push(await panel.innerText());
			await page.keyboard.press('Escape');
			await panel.waitFor({ state: 'hidden' });
		}
	});
	return shown;
}

/** Of the page's own kind of nodes, as far as it takes. */
interface PageNode {
	/** Null where it is no text. */
	nodeValue: string | null;
	childNodes: Iterable<PageNode>;
}

/** Runs in the page. */
function showAs(node: PageNode, shownAs: ShownAs): void {
	for (const [text, shown] of Object.entries(shownAs))
		if (node.nodeValue?.includes(text)) node.nodeValue = node.nodeValue.replaceAll(text, shown);
	for (const child of node.childNodes) showAs(child, shownAs);
}
