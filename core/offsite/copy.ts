import { createHash } from 'node:crypto';
import {
	type CatalogEntry,
	type CatalogOptions,
	components,
	manifestName,
	newestFirst,
	type OnProgress,
	readCatalog,
	readManifest,
	readManifestDocument,
	serializeManifest,
} from '../artifact';
import { BackupError, errorMessage, hasCode } from '../errors';
import { assertArrived } from './arrival';
import { artifactContent, textContent } from './content';
import { copyAt, recordSeen } from './copies';
import { type Destination, remoteName } from './destination';
import { hashRemote } from './hashRemote';
import { readRemoteCatalog, readRemoteManifest } from './remoteCatalog';
import { sideBySide } from './sideBySide';

export interface CopyRequest extends CatalogOptions {
	destination: Destination;
	/** Read each file back after it was copied. False by default: its size is compared. */
	readBack?: boolean;
	/** Files that are copied side by side; 2 by default. */
	filesAtOnce?: number;
	onProgress?: OnProgress;
}

/**
 * - `copied`: it is there now
 * - `already there`: it was
 * - `pruned there`: a prune took it away from there, and it is not brought back
 * - `failed`: the error says why
 */
export interface CopyOutcome {
	entry: CatalogEntry;
	outcome: 'copied' | 'already there' | 'pruned there' | 'failed';
	error?: unknown;
	/** Why the local manifest does not say where the copy is. */
	recordProblem?: string;
}

/**
 * Makes a destination hold what the backup directory holds: every good artifact with its manifest that is not there
 * yet, newest first. The artifact goes first and the manifest last: its presence says that the copy is whole. Nothing
 * there is overwritten, and one that fails keeps none of the others.
 *
 * @throws BackupError when one of both sides cannot be listed, `cancelled`
 */
export async function copyBackups(request: CopyRequest, signal: AbortSignal): Promise<CopyOutcome[]> {
	const { destination, filesAtOnce = 2, components: chosen = components } = request;
	const good = (await readCatalog(request)).filter(({ state }) => state === 'good').sort(newestFirst);
	for (const component of chosen) await destination.sweep(component, signal);
	const there = new Map(
		(await readRemoteCatalog({ ...request, series: undefined }, signal)).map((entry) => [
			nameOf(entry),
			entry,
		]),
	);
	const copy = async (entry: CatalogEntry): Promise<CopyOutcome> => {
		try {
			const outcome = await copyOne(request, { entry, present: there.get(nameOf(entry)) }, signal);
			if (outcome === 'pruned there') return { entry, outcome };
			return { outcome, ...(await tryToRecord(entry, destination.place)) };
		} catch (error) {
			if (signal.aborted) throw error;
			return { entry, outcome: 'failed', error: (await isGone(entry)) ? goneMeanwhile(entry) : error };
		}
	};
	return await sideBySide(good, filesAtOnce, copy, signal);
}

interface Pair {
	/** Here. */
	entry: CatalogEntry;
	/** There, as it was listed. */
	present: CatalogEntry | undefined;
}

async function copyOne(
	{ destination, readBack = false, onProgress }: CopyRequest,
	{ entry, present }: Pair,
	signal: AbortSignal,
): Promise<Exclude<CopyOutcome['outcome'], 'failed'>> {
	const name = nameOf(entry);
	const { manifest, document } = await readManifestDocument(entry.path);
	if (present?.manifest && present.manifest.sha256 !== manifest.sha256) throw differs(present.path);
	if (present?.state === 'good') return 'already there';
	if (present && !['unproven', 'missing'].includes(present.state)) throw differs(present.path);
	const isGone = present === undefined || present.state === 'missing';
	if (isGone && copyAt(manifest, destination.place)?.prunedAt !== undefined) return 'pruned there';

	let rawBytes = 0;
	const content = artifactContent(entry.path, manifest, (bytes) => {
		rawBytes += bytes;
		onProgress?.({ step: `copying ${entry.name}`, rawBytes, totalBytes: manifest.storedBytes });
	});
	const isProven = async () => (await hashRemote(destination, name, signal)).sha256 === manifest.sha256;
	const isNew = await putIfAbsent(async () => {
		if (present?.state === 'unproven') return false;
		await destination.put(name, content, signal);
		return true;
	});
	const artifact = { name, bytes: manifest.storedBytes, sha256: manifest.sha256, readBack };
	if (isNew) await assertArrived(destination, artifact, signal);
	// Somebody else's, or of a run that ended before its manifest: only its bytes can tell.
	else if (!(await isProven())) throw differs(`${destination.place}/${name}`);

	if (present?.state === 'missing') return 'copied';
	const withoutCopies = { ...document };
	delete withoutCopies.copies;
	const text = serializeManifest(withoutCopies);
	const isOurs = await putIfAbsent(async () => {
		await destination.put(manifestName(name), textContent(text), signal);
		return true;
	});
	if (isOurs) {
		const sent = { name: manifestName(name), bytes: Buffer.byteLength(text), sha256: sha256Of(text) };
		await assertArrived(destination, { ...sent, readBack }, signal);
		return 'copied';
	}
	const { manifest: theirs } = await readRemoteManifest(destination, name, signal);
	if (theirs.sha256 !== manifest.sha256) throw differs(`${destination.place}/${name}`);
	return 'already there';
}

/** Whether the backup is not here any more, as after a prune of another n8n's. */
async function isGone({ path }: CatalogEntry): Promise<boolean> {
	return await readManifest(path).then(
		() => false,
		(error: unknown) => hasCode(error, 'not-found'),
	);
}

/** A mount that is gone looks the same: it is no success. */
function goneMeanwhile({ path }: CatalogEntry): BackupError {
	return new BackupError('not-found', `${path} was deleted while backups were being copied`, {
		advice: 'See what else deletes backups there at that time, then run it again',
	});
}

/** @returns false where the name was taken meanwhile, as by another run that copies the same */
async function putIfAbsent(put: () => Promise<boolean>): Promise<boolean> {
	try {
		return await put();
	} catch (error) {
		if (error instanceof BackupError && error.code === 'exists') return false;
		throw error;
	}
}

/** The copy is there whether or not that can be written down. */
async function tryToRecord(
	entry: CatalogEntry,
	place: string,
): Promise<Pick<CopyOutcome, 'entry' | 'recordProblem'>> {
	try {
		await recordSeen(entry.path, place);
		return { entry: { ...entry, manifest: await readManifest(entry.path) } };
	} catch (error) {
		return { entry, recordProblem: errorMessage(error) };
	}
}

function nameOf({ component, name }: CatalogEntry): string {
	return remoteName(component, name);
}

function differs(path: string): BackupError {
	return new BackupError('exists', `${path} is there already and is another file than the one here`, {
		advice: 'See what put it there and move it away, or copy to another place; nothing was overwritten',
	});
}

function sha256Of(text: string): string {
	return createHash('sha256').update(text).digest('hex');
}
