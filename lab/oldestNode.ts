import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cacheDirectory } from '../scripts/lib/paths.ts';
import { run } from '../scripts/lib/run.ts';

/** The oldest Node that `engines` in package.json allows. */
export const oldestNodeVersion = '22.15.0';

/** Fetches it into .cache unless it is there, and returns the program. */
export async function ensureOldestNode(): Promise<string> {
	const prefix = join(cacheDirectory, `node-${oldestNodeVersion}`);
	const name = `node-${process.platform}-${process.arch}`;
	const program = join(prefix, 'node_modules', name, 'bin', 'node');
	if (!existsSync(program)) {
		await run('npm', [
			'install',
			'--prefix',
			prefix,
			'--ignore-scripts',
			'--no-save',
			'--loglevel=error',
			`${name}@${oldestNodeVersion}`,
		]);
	}
	return program;
}
