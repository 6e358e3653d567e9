/**
 * `npm run demo`: a real n8n with this package in it backs itself up once, and stays open to look around in until
 * Ctrl-C. `npm run demo -- --once` ends instead, with 0 only when every artifact is there, its checksum holds, and the
 * database passed its drill inside n8n. `--sqlite` takes an n8n without PostgreSQL and Redis.
 */
import { components, findFaults, formatTree, listBackups } from './demo/artifacts.ts';
import { drillNode, readDrill, sqliteDrillNode } from './demo/drillItem.ts';
import { build } from './lib/build.ts';
import { step } from './lib/step.ts';
import { runTask } from './lib/task.ts';
import { owner } from '../lab/n8n/editor.ts';
import { ensureN8n } from '../lab/n8n/ensureN8n.ts';
import {
	createCredentials,
	manualTrigger,
	nightlyBackup,
	nightlySqliteBackup,
} from '../lab/n8n/nightlyBackup.ts';
import { type N8nWithFiles, startSqliteStack, startStack } from '../lab/n8n/stack.ts';
import type { Workflow } from '../lab/n8n/workflow.ts';
import { seedN8n, seedWorkflows } from '../lab/seed/n8nData.ts';
import { seedRedis } from '../lab/seed/redisQueue.ts';
import { compilers, demoPrograms, ensurePrograms } from './setup/debianPackages.ts';

const once = process.argv.includes('--once');
const isSqlite = process.argv.includes('--sqlite');
const interrupted = new Promise<'interrupted'>((resolve) => {
	process.on('SIGINT', () => resolve('interrupted'));
	process.on('SIGTERM', () => resolve('interrupted'));
});

await runTask(async () => {
	await step('Server programs', () => ensurePrograms(isSqlite ? compilers : demoPrograms));
	await step('n8n', ensureN8n);
	await step('Building', build);
	const demo = await (isSqlite ? startOnSqlite() : startOnServers());
	try {
		const shown = await Promise.race([show(demo), interrupted]);
		if (shown === 'interrupted') process.exitCode = 130;
		else if (!once) await interrupted;
	} finally {
		await step('Stopping', () => demo.stack.stop());
	}
});

interface Demo {
	stack: N8nWithFiles;
	/** Fills n8n with data and says by which workflow it is backed up. */
	prepare(): Promise<Workflow>;
	components: string[];
	drillNode: string;
}

async function startOnServers(): Promise<Demo> {
	const stack = await startStack({ timezone: 'Europe/Berlin' });
	const prepare = async () => {
		await seedN8n(stack.editor, stack.database, 2000);
		await seedRedis(stack.redis, 5000);
		return await nightlyBackup(stack, await createCredentials(stack));
	};
	return { stack, prepare, components, drillNode };
}

async function startOnSqlite(): Promise<Demo> {
	const stack = await startSqliteStack({ timezone: 'Europe/Berlin' });
	const prepare = async () => {
		await seedWorkflows(stack.editor);
		return await nightlySqliteBackup(stack);
	};
	return { stack, prepare, components: ['n8n', 'env'], drillNode: sqliteDrillNode };
}

async function show({ stack, prepare, ...expected }: Demo): Promise<void> {
	const { editor, n8n, backupDirectory } = stack;
	const workflow = await editor.createWorkflow(await step('Filling n8n with data', prepare));
	const started = performance.now();
	const execution = await step('The nightly workflow', () => editor.run(workflow, manualTrigger));
	const seconds = ((performance.now() - started) / 1000).toFixed(1);

	const files = await listBackups(backupDirectory);
	console.log(
		`\n${formatTree(backupDirectory, files)}\n\nBacked up and restored inside n8n in ${seconds} s.`,
	);
	console.log(`\n${String(execution.nodes.Outcome?.outputs[0]?.[0]?.text)}`);
	const drilled = readDrill(execution.nodes[expected.drillNode]?.outputs[0]?.[0]);
	console.log(`\n${drilled.text}`);
	const faults = [
		...(execution.status === 'success' ? [] : [`The workflow ended with: ${execution.error}`]),
		...findFaults(files, expected.components),
		...drilled.faults,
	];
	if (faults.length > 0) throw new Error(faults.join('\n'));
	if (once) return;
	console.log(
		`\nThe editor: ${n8n.url}/workflow/${workflow.id}\nSign in with ${owner.email} and ${owner.password}. Ctrl-C ends everything.`,
	);
}
