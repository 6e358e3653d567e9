import { existsSync } from 'node:fs';
import path from 'node:path';
import { runNpm } from './process.mjs';

/** Node 24.9 is the first that loads ESM-only packages inside Jest; it also runs TypeScript files as they are. */
const oldestUsable = [24, 9];
const fetchedVersion = '24.21.0';

/** The path of a Node that can run the tasks: the running one, or one that npm fetches into .cache. */
export function provideNode(root) {
	if (isUsable(process.versions.node)) return process.execPath;
	const packageName = `node-${process.platform}-${process.arch}`;
	const prefix = path.join(root, '.cache', 'node24');
	const node = path.join(prefix, 'node_modules', packageName, 'bin', 'node');
	if (!existsSync(node)) {
		console.error(`Fetching Node ${fetchedVersion} (this is ${process.versions.node}) …`);
		runNpm(
			[
				'install',
				'--prefix',
				prefix,
				'--ignore-scripts',
				'--no-save',
				'--loglevel=error',
				`${packageName}@${fetchedVersion}`,
			],
			root,
		);
	}
	return node;
}

function isUsable(version) {
	const [major, minor] = version.split('.').map(Number);
	return major > oldestUsable[0] || (major === oldestUsable[0] && minor >= oldestUsable[1]);
}
