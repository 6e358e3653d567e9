import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { binary, root } from './paths.ts';
import { run } from './run.ts';

/** Compiles the package into an empty dist/ and lets gulp add what is not TypeScript: icons, codex, workflows, pg_dump. */
export async function build(): Promise<void> {
	await rm(join(root, 'dist'), { recursive: true, force: true });
	await run(binary('tsc'), ['--project', 'tsconfig.json']);
	await run(binary('gulp'), ['--silent']);
}
