import { join } from 'node:path';
import { cacheDirectory } from '../scripts/lib/paths.ts';
import { run } from '../scripts/lib/run.ts';
import { keptFolder } from './kept.ts';

/**
 * Installs a package of npm into .cache unless it is there; none of its scripts runs.
 *
 * @param specifier `name@1.2.3`
 * @returns its own folder
 */
export async function npmPackage(
	specifier: string,
	finish: (packageHome: string) => Promise<void> = async () => {},
): Promise<string> {
	const name = specifier.slice(0, specifier.lastIndexOf('@'));
	const home = join(cacheDirectory, specifier.replace('/', '-'));
	await keptFolder(home, async (unfinished) => {
		const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-save', '--loglevel=error'];
		await run('npm', ['install', `--prefix=${unfinished}`, ...quiet, specifier]);
		await finish(join(unfinished, 'node_modules', name));
	});
	return join(home, 'node_modules', name);
}
