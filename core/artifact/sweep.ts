import { link, lstat, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { errorCode } from '../errors';
import { findAbandoned, isPartial, type LeftOver } from '../files/abandoned';
import { isThere } from '../files/atomicFile';
import { syncDirectory } from '../files/durable';
import { assertFewValues, longestManifestBytes, manifestPath } from './manifestFile';
import { manifestSuffix } from './names';
import { hashFile } from './readArtifact';
import { readRegularFile } from '../files/readRegularFile';
import { isRefusal } from '../files/refusals';

/** `.next` ended the name of a manifest's successor in versions before 1.1. */
const successor = `${manifestSuffix}.next`;

/**
 * Clears a component's directory of what runs that are gone left there. A manifest that a crash kept from its name
 * gets it: it may be the only manifest of a good artifact.
 *
 * @throws BackupError when the directory cannot be read, `cancelled`
 */
export async function sweepLeftOvers(directory: string, signal: AbortSignal): Promise<void> {
	for (const leftOver of await findAbandoned(directory, isLeftOver)) {
		const { name, path, stats } = leftOver;
		if (!stats.isFile() && !stats.isSymbolicLink()) continue;
		const isNeeded = isManifest(name) && (await completeManifest(directory, leftOver, signal));
		// The next run finds what cannot go now.
		if (!isNeeded) await rm(path, { force: true }).catch(() => {});
	}
}

function isLeftOver(name: string): boolean {
	return isPartial(name) || name.endsWith(successor);
}

function isManifest(name: string): boolean {
	return name.includes(manifestSuffix);
}

/** @returns whether the left-over has to stay, because it is, or may be, the only manifest of an artifact */
async function completeManifest(
	directory: string,
	leftOver: LeftOver,
	signal: AbortSignal,
): Promise<boolean> {
	try {
		const text = await readRegularFile(leftOver.path, longestManifestBytes);
		assertFewValues(text, leftOver.path);
		const described = readDescription(text);
		if (!described) return false;
		const artifact = join(directory, described.artifact);
		if (!(await isThere(artifact)) || (await isThere(manifestPath(artifact)))) return false;
		// A file that does not fit may be damaged, and this the manifest that says so.
		if (!(await fits(artifact, described, signal))) return true;
		await giveName(leftOver.path, manifestPath(artifact));
		await syncDirectory(directory);
		return false;
	} catch (error) {
		if (signal.aborted) throw error;
		return true;
	}
}

interface Description {
	artifact: string;
	storedBytes: number;
	sha256: string;
}

/** The part of a manifest that names its artifact; undefined when the text was cut off. */
function readDescription(text: Buffer): Description | undefined {
	try {
		const { artifact, storedBytes, sha256 } = JSON.parse(text.toString()) as Partial<
			Record<keyof Description, unknown>
		>;
		if (typeof artifact !== 'string' || basename(artifact) !== artifact) return undefined;
		if (typeof storedBytes !== 'number' || typeof sha256 !== 'string') return undefined;
		return { artifact, storedBytes, sha256 };
	} catch {
		return undefined;
	}
}

async function fits(
	artifact: string,
	{ storedBytes, sha256 }: Description,
	signal: AbortSignal,
): Promise<boolean> {
	const stats = await lstat(artifact);
	return stats.isFile() && stats.size === storedBytes && (await hashFile(artifact, signal)) === sha256;
}

/** Gives a manifest that was set aside its name back, unless there is another one by now. */
export async function giveName(from: string, to: string): Promise<void> {
	try {
		await link(from, to);
	} catch (error) {
		if (errorCode(error) === 'EEXIST') return;
		if (!isRefusal(error)) throw error;
		await rename(from, to);
	}
}
