import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDirectory } from '../../scripts/lib/paths.ts';
import { run } from '../../scripts/lib/run.ts';
import { untilPrepared } from './beingPrepared.ts';

/** The n8n that everything here is tried against. 2.41.3 names a dependency that was never published. */
export const n8nVersion = '2.40.7';

/**
 * Installs the pinned n8n into .cache unless it is there (2.8 GB, two to four minutes) and returns the folder
 * that holds its node_modules.
 */
export async function ensureN8n(): Promise<string> {
	await untilPrepared();
	const home = join(cacheDirectory, `n8n-${n8nVersion}`);
	// npm writes this file as its last act: without it an install was interrupted.
	if (existsSync(join(home, 'node_modules', '.package-lock.json'))) return home;
	await mkdir(home, { recursive: true });
	// Install scripts would build a Kafka addon that nothing here needs, and fail.
	await run('npm', [
		'install',
		`--prefix=${home}`,
		'--ignore-scripts',
		'--no-audit',
		'--no-fund',
		'--loglevel=error',
		`n8n@${n8nVersion}`,
	]);
	return home;
}

/** The script that starts n8n and its commands. */
export const n8nProgram = (home: string): string => join(home, 'node_modules', 'n8n', 'bin', 'n8n');
