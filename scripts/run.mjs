#!/usr/bin/env node
/**
 * The door to every task: `node scripts/run.mjs build`, `… test unit`, `… demo --once`.
 * It runs on any Node from 18 on and without node_modules, puts both right, and then hands over to
 * scripts/TASK.ts, which Node 24 runs as it is.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { installDependencies } from './setup/dependencies.mjs';
import { provideNode } from './setup/node.mjs';
import { runAndForwardSignals } from './setup/process.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const [task, ...taskArguments] = process.argv.slice(2);
const script = path.join(root, 'scripts', `${task}.ts`);

if (!task || !existsSync(script)) {
	console.error(`There is no task "${task ?? ''}". The tasks are the scripts of package.json.`);
	process.exit(2);
}

process.chdir(root);
installDependencies(root);
const node = provideNode(root);
process.exitCode = await runAndForwardSignals(node, [script, ...taskArguments], {
	PATH: `${path.dirname(node)}${path.delimiter}${process.env.PATH ?? ''}`,
});
