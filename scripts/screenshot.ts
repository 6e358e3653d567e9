/**
 * `npm run screenshot`: draws the pictures in docs/images again: the canvas of a real editor that has run the workflow,
 * the item of its drill, and the pages of the form that gets workflows back.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { saveCanvas } from './demo/canvas.ts';
import { saveDrillItem } from './demo/drillPicture.ts';
import { saveRecoverPages } from './demo/recoverPages.ts';
import { build } from './lib/build.ts';
import { root } from './lib/paths.ts';
import { step } from './lib/step.ts';
import { runTask } from './lib/task.ts';
import { createCredentials, manualTrigger, nightlyBackup } from '../lab/n8n/nightlyBackup.ts';
import { startStack } from '../lab/n8n/stack.ts';

await runTask(async () => {
	await step('Building', build);
	const stack = await startStack();
	try {
		const credentials = await createCredentials(stack);
		const workflow = await stack.editor.createWorkflow(await nightlyBackup(stack, credentials));
		await stack.editor.run(workflow, manualTrigger);
		const images = join(root, 'docs', 'images');
		await mkdir(images, { recursive: true });
		await step('Screenshot', () =>
			saveCanvas(stack.n8n.url, workflow.id, join(images, 'nightly-backup.png')),
		);
		await step('The item of the drill', () =>
			saveDrillItem(stack.n8n.url, workflow.id, join(images, 'drill-item.png')),
		);
		await step('The pages of the form', () => saveRecoverPages(stack, credentials, images));
	} finally {
		await stack.stop();
	}
});
