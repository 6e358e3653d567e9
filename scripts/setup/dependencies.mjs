import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { runNpm } from './process.mjs';

/** Installs node_modules by `npm ci` unless they already hold what package-lock.json names. */
export function installDependencies(root) {
	if (isCurrent(root)) return;
	console.error('Installing the dependencies (npm ci) …');
	runNpm(['ci', '--no-audit', '--no-fund', '--loglevel=error'], root);
}

/**
 * npm writes the lockfile of what it really installed into node_modules as its last act, so an interrupted
 * install counts as none. Dates would not do: checking out an older commit makes its lockfile the newer file.
 */
function isCurrent(root) {
	const installedLockfile = path.join(root, 'node_modules', '.package-lock.json');
	if (!existsSync(installedLockfile)) return false;
	const installed = readPackages(installedLockfile);
	return Object.entries(readPackages(path.join(root, 'package-lock.json'))).every(
		([name, { version, optional, devOptional }]) =>
			// Optional packages of other platforms are missing on purpose.
			name === '' || optional || devOptional || installed[name]?.version === version,
	);
}

const readPackages = (lockfile) => JSON.parse(readFileSync(lockfile, 'utf8')).packages ?? {};
