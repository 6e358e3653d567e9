/**
 * `npm run demo`: a real n8n with this package in it backs itself up once, and stays open to look around in until
 * Ctrl-C. `npm run demo -- --once` ends instead, with 0 only when every artifact is there, its checksum holds, and the
 * dump passed its drill inside n8n.
 */
import { findFaults, formatTree, listBackups } from './demo/artifacts.ts';
import { drillNode, readDrill } from './demo/drillItem.ts';
import { build } from './lib/build.ts';
import { step } from './lib/step.ts';
import { runTask } from './lib/task.ts';
import { owner } from '../lab/n8n/editor.ts';
import { ensureN8n } from '../lab/n8n/ensureN8n.ts';
import { createCredentials, manualTrigger, nightlyBackup } from '../lab/n8n/nightlyBackup.ts';
import { startStack, type Stack } from '../lab/n8n/stack.ts';
import { seedN8n } from '../lab/seed/n8nData.ts';
import { seedRedis } from '../lab/seed/redisQueue.ts';
import { demoPrograms, ensurePrograms } from './setup/debianPackages.ts';

const once = process.argv.includes('--once');
const interrupted = new Promise<'interrupted'>((resolve) => {
	process.on('SIGINT', () => resolve('interrupted'));
	process.on('SIGTERM', () => resolve('interrupted'));
});

await runTask(async () => {
	await step('Server programs', () => ensurePrograms(demoPrograms));
	await step('n8n', ensureN8n);
	await step('Building', build);
	const stack = await startStack({ timezone: 'Europe/Berlin' });
	try {
		const shown = await Promise.race([show(stack), interrupted]);
		if (shown === 'interrupted') process.exitCode = 130;
		else if (!once) await interrupted;
	} finally {
		await step('Stopping', () => stack.stop());
	}
});

async function show(stack: Stack): Promise<void> {
	const { editor, n8n, backupDirectory } = stack;
	await step('Filling n8n and Redis with data', async () => {
		await seedN8n(editor, stack.database, 2000);
		await seedRedis(stack.redis, 5000);
	});
	const workflow = await editor.createWorkflow(await nightlyBackup(stack, await createCredentials(stack)));
	const started = performance.now();
	const execution = await step('The nightly workflow', () => editor.run(workflow, manualTrigger));
	const seconds = ((performance.now() - started) / 1000).toFixed(1);

	const files = await listBackups(backupDirectory);
	console.log(
		`\n${formatTree(backupDirectory, files)}\n\nBacked up and restored inside n8n in ${seconds} s.`,
	);
	const drilled = readDrill(execution.nodes[drillNode]?.outputs[0]?.[0]);
	console.log(`\n${drilled.text}`);
	const faults = [
		...(execution.status === 'success' ? [] : [`The workflow ended with: ${execution.error}`]),
		...findFaults(files),
		...drilled.faults,
	];
	if (faults.length > 0) throw new Error(faults.join('\n'));
	if (once) return;
	console.log(
		`\nThe editor: ${n8n.url}/workflow/${workflow.id}\nSign in with ${owner.email} and ${owner.password}. Ctrl-C ends everything.`,
	);
}
