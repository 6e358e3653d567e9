import { randomUUID } from 'node:crypto';
import { lstat, rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { BackupError, fileError } from '../errors';
import { findAbandoned, partialSuffix } from '../files/abandoned';
import { AtomicFile, isThere, partialPath } from '../files/atomicFile';
import { type ManifestDocument, manifestPath, readManifestDocument, serializeManifest } from './manifestFile';

/** How often a manifest is read again because another process has changed it meanwhile. */
const attempts = 20;

/** Changes that this process is making, by path of the manifest: one after the other. */
const underWay = new Map<string, Promise<unknown>>();

/**
 * Changes the manifest beside an artifact, as after a verification. The old one stays until the new one is on the
 * disk; changes that others make at the same time are kept. A manifest whose artifact goes meanwhile, as by a prune,
 * goes as well.
 *
 * @param change makes the new manifest of the present one; undefined leaves it as it is
 * @returns whether the manifest was changed
 * @throws BackupError `not-found` without a manifest; whatever keeps it from being read or written
 */
export async function changeManifest(
	artifactPath: string,
	change: (present: ManifestDocument) => Record<string, unknown> | undefined,
): Promise<boolean> {
	const path = manifestPath(artifactPath);
	const before = underWay.get(path) ?? Promise.resolve();
	const mine = before.then(async () => await attemptChange(artifactPath, change));
	const settled = mine.catch(() => {});
	underWay.set(path, settled);
	try {
		return await mine;
	} catch (error) {
		throw fileError(error, path);
	} finally {
		if (underWay.get(path) === settled) underWay.delete(path);
	}
}

async function attemptChange(
	artifactPath: string,
	change: (present: ManifestDocument) => Record<string, unknown> | undefined,
): Promise<boolean> {
	const path = manifestPath(artifactPath);
	for (let attempt = 1; attempt <= attempts; attempt++) {
		const present = await versionOf(path);
		const changed = change(await readManifestDocument(artifactPath));
		if (changed === undefined) return false;
		await using next = await AtomicFile.create(path, {
			partial: partialPath(path, randomUUID()),
			replace: true,
		});
		await next.write(serializeManifest(changed));
		await next.sync();
		if ((await versionOf(path)) !== present) continue;
		if (!(await isThere(artifactPath))) return false;
		await next.commit();
		await sweepSuccessors(path).catch(() => {});
		return await isStillWanted(artifactPath);
	}
	throw new BackupError('disk', `${path} is being changed by others all the time`, {
		advice: 'Run it again when they are done',
	});
}

/** Every change makes a new file. @throws BackupError `not-found` */
async function versionOf(path: string): Promise<string> {
	try {
		const { ino, mtimeMs, size } = await lstat(path);
		return `${ino} ${mtimeMs} ${size}`;
	} catch (error) {
		throw fileError(error, path);
	}
}

/** A prune takes the artifact first and then the manifest; when it was done before us, ours is one too many. */
async function isStillWanted(artifactPath: string): Promise<boolean> {
	if (await isThere(artifactPath)) return true;
	await rm(manifestPath(artifactPath), { force: true });
	return false;
}

/** What crashes left of earlier changes to this manifest. */
async function sweepSuccessors(path: string): Promise<void> {
	const isSuccessor = (name: string) =>
		name.startsWith(`.${basename(path)}.`) && name.endsWith(partialSuffix);
	for (const leftOver of await findAbandoned(dirname(path), isSuccessor)) {
		await rm(leftOver.path, { force: true }).catch(() => {});
	}
}
