import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';
import {
	type CatalogEntry,
	type Manifest,
	manifestPath,
	type OnProgress,
	readManifest,
	serializeManifest,
} from '../artifact';
import { commitBackup } from '../artifact/commitBackup';
import { componentDirectory, prepareDirectory } from '../artifact/directory';
import { hashFile } from '../artifact/readArtifact';
import { BackupError, hasCode } from '../errors';
import { AtomicFile } from '../files/atomicFile';
import { Refusals } from '../files/refusals';
import { type Destination, remoteName } from './destination';
import { readRemoteManifest } from './remoteCatalog';

export interface FetchRequest {
	destination: Destination;
	/** As the destination's catalog knows it. */
	entry: CatalogEntry;
	/** The backup directory that it goes to. */
	root: string;
	onProgress?: OnProgress;
}

export interface Fetched {
	/** Of the artifact here. */
	path: string;
	outcome: 'fetched' | 'already here';
	manifest: Manifest;
	/** What the file system could not do, in sentences for people. */
	warnings: string[];
}

/**
 * Brings an artifact and its manifest from a destination into a backup directory. It gets its name only when every
 * byte is what its manifest says.
 *
 * @throws BackupError `unreadable` or `not-found` without a manifest to check it by, `damaged` when it is not what
 * that says, `exists` when there is another file of its name here, and what both sides throw
 */
export async function fetchBackup(request: FetchRequest, signal: AbortSignal): Promise<Fetched> {
	const { destination, entry, root } = request;
	const name = remoteName(entry.component, entry.name);
	const { manifest, document } = await readRemoteManifest(destination, name, signal);
	if (manifest.artifact !== entry.name || manifest.component !== entry.component) {
		throw new BackupError('unreadable', `The manifest of ${entry.path} is that of ${manifest.artifact}`, {
			advice: 'Fetch another backup',
		});
	}
	const refusals = new Refusals();
	const path = join(componentDirectory(root, entry.component), entry.name);
	const directory = await prepareDirectory({ root, component: entry.component, refusals }, signal);
	if (await isHere(path, manifest, signal)) return { path, outcome: 'already here', manifest, warnings: [] };
	await using artifact = await AtomicFile.create(path, { refusals });
	await receive(request, { artifact, manifest, name }, signal);
	await using manifestFile = await AtomicFile.create(manifestPath(path), { refusals, isRenewed: true });
	await manifestFile.write(serializeManifest(document));
	const problems = await commitBackup(artifact, manifestFile);
	return { path, outcome: 'fetched', manifest, warnings: [...refusals.warnings(directory), ...problems] };
}

interface Received {
	artifact: AtomicFile;
	manifest: Manifest;
	name: string;
}

async function receive(
	{ destination, onProgress }: FetchRequest,
	{ artifact, manifest, name }: Received,
	signal: AbortSignal,
): Promise<void> {
	const hash = createHash('sha256');
	let rawBytes = 0;
	for await (const piece of destination.get(name, signal)) {
		rawBytes += piece.length;
		if (rawBytes > manifest.storedBytes) break;
		hash.update(piece);
		await artifact.write(piece);
		const step = `fetching ${basename(name)}`;
		onProgress?.({ step, rawBytes, totalBytes: manifest.storedBytes });
	}
	if (rawBytes === manifest.storedBytes && hash.digest('hex') === manifest.sha256) return;
	throw new BackupError('damaged', `${destination.place}/${name} is not what its manifest says`, {
		advice: 'Fetch another backup; nothing of this one was kept',
	});
}

/** Whether the same artifact is here, whole. One that has no manifest, or another, is not. */
async function isHere(path: string, { sha256 }: Manifest, signal: AbortSignal): Promise<boolean> {
	try {
		const here = await readManifest(path);
		return here.sha256 === sha256 && (await hashFile(path, signal)) === sha256;
	} catch (error) {
		if (hasCode(error, 'not-found')) return false;
		throw error;
	}
}
