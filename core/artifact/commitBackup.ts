import { dirname } from 'node:path';
import { fileError } from '../errors';
import type { AtomicFile } from '../files/atomicFile';
import { syncDirectory } from '../files/durable';

/**
 * Gives an artifact and its manifest their names, both or neither.
 *
 * Before the artifact gets its name the manifest is on the disk as a partial file, and that partial file stays
 * until both names are there. So, wherever a crash comes between two calls, an artifact under its final name has
 * its manifest beside it, under the final name or under the one from which the next run's sweep completes it.
 *
 * @returns what else could not be done, in sentences for people
 * @throws BackupError with neither name given
 */
export async function commitBackup(artifact: AtomicFile, manifest: AtomicFile): Promise<string[]> {
	const directory = dirname(artifact.finalPath);
	const syncNames = async () => {
		await syncDirectory(directory).catch((error: unknown) => {
			throw fileError(error, directory);
		});
	};
	await artifact.sync();
	await manifest.sync();
	await syncNames();
	try {
		await artifact.giveName();
		await manifest.giveName();
		await syncNames();
	} catch (error) {
		await takeBack(artifact, manifest);
		throw error;
	}
	return [...(await artifact.finish()), ...(await manifest.finish())];
}

/** A name that cannot be taken back stays with its manifest rather than without. */
async function takeBack(artifact: AtomicFile, manifest: AtomicFile): Promise<void> {
	const isBack = (await manifest.takeNameBack()) && (await artifact.takeNameBack());
	if (!isBack) await Promise.all([artifact.close(), manifest.close()]);
}
