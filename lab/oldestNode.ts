import { join } from 'node:path';
import { npmPackage } from './packages.ts';

/** The oldest Node that `engines` in package.json allows. */
export const oldestNodeVersion = '22.15.0';

/** Fetches it into .cache unless it is there, and returns the program. */
export async function ensureOldestNode(): Promise<string> {
	const name = `node-${process.platform}-${process.arch}`;
	return join(await npmPackage(`${name}@${oldestNodeVersion}`), 'bin', 'node');
}
