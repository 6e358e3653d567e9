import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { runNpm } from './process.mjs';

/**
 * Installs the versions of package-lock.json into node_modules unless they are there already. Not by `npm ci`: that
 * fails as a whole when a registry lacks some optional package for another platform, which nothing here needs.
 */
export function installDependencies(root) {
	if (isCurrent(root)) return;
	console.error('Installing the dependencies …');
	runNpm(['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'], root);
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
