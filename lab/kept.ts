import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** By path. */
const beingMade = new Map<string, Promise<void>>();

/**
 * Makes a folder or a file that is kept, unless it is there. `make` gets a name in a new folder beside it, which is
 * moved when all of it is there: nobody sees a half. Whoever asks for it meanwhile waits for the same one; of several
 * processes the first wins.
 *
 * @returns `path`
 */
export async function kept(path: string, make: (unfinished: string) => Promise<void>): Promise<string> {
	if (existsSync(path)) return path;
	const making = beingMade.get(path) ?? makeBeside(path, make).finally(() => beingMade.delete(path));
	beingMade.set(path, making);
	await making;
	return path;
}

/** As {@link kept}, of a folder that is there and empty when `fill` gets it. */
export async function keptFolder(path: string, fill: (unfinished: string) => Promise<void>): Promise<string> {
	return await kept(path, async (unfinished) => {
		await mkdir(unfinished);
		await fill(unfinished);
	});
}

async function makeBeside(path: string, make: (unfinished: string) => Promise<void>): Promise<void> {
	await mkdir(dirname(path), { recursive: true });
	const beside = await mkdtemp(`${path}.`);
	// Servers that run as somebody else read what is made here.
	await chmod(beside, 0o755);
	try {
		await make(`${beside}/made`);
		await rename(`${beside}/made`, path);
	} catch (error) {
		if (!existsSync(path)) throw error;
	} finally {
		await rm(beside, { recursive: true, force: true });
	}
}
