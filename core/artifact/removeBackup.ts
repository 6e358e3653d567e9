import { randomUUID } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorCode, fileError } from '../errors';
import { isThere, partialPath } from '../files/atomicFile';
import { syncDirectory } from '../files/durable';
import { manifestPath } from './manifestFile';
import { giveName } from './sweep';

/**
 * Removes an artifact and its manifest. The manifest is set aside first, under a name that a sweep knows: after a
 * crash it gets its own back as long as the artifact is there, and goes when that is gone.
 *
 * @throws BackupError when the artifact cannot go; then both are as they were
 */
export async function removeBackup(path: string): Promise<void> {
	const manifest = manifestPath(path);
	const aside = partialPath(manifest, randomUUID());
	try {
		const isAside = await setAside(manifest, aside);
		await rm(path).catch(async (error: unknown) => {
			if (isAside) await rename(aside, manifest).catch(() => {});
			throw error;
		});
		// A sweep or a verification may have given the manifest its name back, and a fetch the whole backup: only what is
		// set aside can be judged without anybody in between.
		const isAgain = await setAside(manifest, aside);
		if (isAgain && (await isThere(path))) await giveName(aside, manifest);
		await rm(aside, { force: true });
		await syncDirectory(dirname(path));
	} catch (error) {
		throw fileError(error, path);
	}
}

/** @returns whether there was a manifest */
async function setAside(manifest: string, aside: string): Promise<boolean> {
	try {
		await rename(manifest, aside);
		return true;
	} catch (error) {
		if (errorCode(error) === 'ENOENT') return false;
		throw error;
	}
}
