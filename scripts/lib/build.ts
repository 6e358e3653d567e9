import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { binary, root } from './paths.ts';
import { run } from './run.ts';

/** Makes dist/ from nothing: gulp brings what is not TypeScript (icons, codex, workflows, pg_dump), then tsc compiles. */
export async function build(): Promise<void> {
	await rm(join(root, 'dist'), { recursive: true, force: true });
	await run(binary('gulp'), ['--silent']);
	await run(binary('tsc'), ['--project', 'tsconfig.json']);
}
