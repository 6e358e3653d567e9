/**
 * `npm run screenshot`: draws the pictures in docs/images again: the canvas of a real editor that has run the workflow,
 * what its check of the set-up and its drill say, the report, and the pages of the forms. `-- sqlite` and
 * `-- servers` draw those of one n8n alone.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { saveCanvas } from './demo/canvas.ts';
import { drillNode } from './demo/drillItem.ts';
import { saveOutputs, type ShownAs } from './demo/outputPictures.ts';
import { writePastNights } from './demo/pastNights.ts';
import { saveRecoverPages } from './demo/recoverPages.ts';
import { saveRestorePages } from './demo/restorePages.ts';
import { looks, saveReportPictures } from './demo/reportPictures.ts';
import { build } from './lib/build.ts';
import { root } from './lib/paths.ts';
import { run } from './lib/run.ts';
import { step } from './lib/step.ts';
import { runTask } from './lib/task.ts';
import {
	createCredentials,
	manualTrigger,
	nightlyBackup,
	nightlySqliteBackup,
} from '../lab/n8n/nightlyBackup.ts';
import { type N8nWithFiles, startSqliteStack, startStack } from '../lab/n8n/stack.ts';
import { fillIn, shippedWorkflow } from '../lab/n8n/workflow.ts';
import { seedWorkflows } from '../lab/seed/n8nData.ts';

const images = join(root, 'docs', 'images');
const only = process.argv[2];

await runTask(async () => {
	await step('Building', build);
	await mkdir(images, { recursive: true });
	if (only !== 'servers') await drawOnSqlite();
	if (only === undefined || only === 'servers') await drawOnServers();
});

async function drawOnServers(): Promise<void> {
	const stack = await startStack();
	try {
		const credentials = await createCredentials(stack);
		const workflow = await stack.editor.createWorkflow(await nightlyBackup(stack, credentials));
		await stack.editor.run(workflow, manualTrigger);
		await step('The canvas', () =>
			saveCanvas(stack.n8n.url, workflow.id, join(images, 'nightly-backup.png')),
		);
		await step('The report', () => drawReport(stack.backupDirectory));
		await step('What the check of the set-up and the drill say', () =>
			saveOutputs(
				stack.n8n.url,
				workflow.id,
				[
					{ node: 'Check Setup', view: 'table', file: join(images, 'setup-check.png') },
					{ node: drillNode, view: 'json', file: join(images, 'drill-item.png') },
				],
				asInContainers(stack),
			),
		);
		await step('The pages of the form that restores a database', () =>
			saveRestorePages(stack, credentials, images),
		);
		await step('The pages of the form that gets workflows back', () =>
			saveRecoverPages(stack, credentials, images),
		);
	} finally {
		await stack.stop();
	}
}

async function drawOnSqlite(): Promise<void> {
	const stack = await startSqliteStack();
	try {
		await seedWorkflows(stack.editor);
		const night = await stack.editor.createWorkflow(await nightlySqliteBackup(stack));
		await stack.editor.run(night, manualTrigger);
		await step('The canvas for SQLite', () =>
			saveCanvas(stack.n8n.url, night.id, join(images, 'nightly-backup-sqlite.png')),
		);
		for (const name of ['restore-drill', 'backup-report']) {
			const shipped = await shippedWorkflow(`${name}.json`);
			const { id } = await stack.editor.createWorkflow(fillIn(shipped, { credentials: {}, settings: {} }));
			await step(`The canvas of ${name}`, () =>
				saveCanvas(stack.n8n.url, id, join(images, `${name}.png`), { width: 1840, height: 900 }),
			);
		}
	} finally {
		await stack.stop();
	}
}

/** The places of deploy/compose.yaml, and not those where this drawing is made. */
function asInContainers({ backupDirectory, n8nDataDirectory, envFile }: N8nWithFiles): ShownAs {
	return {
		[backupDirectory]: '/backups',
		[n8nDataDirectory]: '/backup-sources/n8n',
		[dirname(envFile)]: '/backup-sources/compose',
	};
}

/** Of a month of nights, which ended with the one that has run. */
async function drawReport(backupDirectory: string): Promise<void> {
	await writePastNights(backupDirectory, 30);
	const work = await mkdtemp(join(tmpdir(), 'report-'));
	try {
		const page = join(work, 'report.html');
		await run(process.execPath, [
			join(root, 'dist', 'cli', 'main.js'),
			...['report', '--directory', backupDirectory, '--html', page],
		]);
		// As it is in n8n, and not where this drawing is made.
		await writeFile(page, (await readFile(page, 'utf8')).replaceAll(backupDirectory, '/backups'));
		await saveReportPictures(
			page,
			images,
			looks.filter(({ name }) => name === 'report' || name === 'report-narrow-dark'),
		);
	} finally {
		await rm(work, { recursive: true });
	}
}
