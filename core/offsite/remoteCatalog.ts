import {
	type CatalogEntry,
	type CatalogOptions,
	components,
	goneProblem,
	isInSeries,
	judge,
	longestManifestBytes,
	type ManifestDocument,
	manifestName,
	manifestSuffix,
	newestFirst,
	parseArtifactName,
	parseManifest,
	stampToDate,
} from '../artifact';
import { BackupError } from '../errors';
import { type Destination, type RemoteFile, remoteName } from './destination';
import { sideBySide } from './sideBySide';

export interface RemoteCatalogOptions extends Omit<CatalogOptions, 'root'> {
	destination: Destination;
}

/** Manifests that are read at a time. */
const readsAtOnce = 4;

/**
 * What a destination holds, by names and manifests, newest first within each component: as readCatalog says it of a
 * backup directory. Paths begin with the place.
 *
 * @throws BackupError when the place cannot be read
 */
export async function readRemoteCatalog(
	options: RemoteCatalogOptions,
	signal: AbortSignal,
): Promise<CatalogEntry[]> {
	const entries: CatalogEntry[] = [];
	for (const component of options.components ?? components) {
		const files = new Map(
			(await options.destination.list(component, signal)).map((file) => [baseName(file), file]),
		);
		const names = new Set([...files.keys()].map(withoutManifestSuffix));
		const found = await sideBySide(
			[...names],
			readsAtOnce,
			async (name) => await readEntry(options, { component, name, files }, signal),
			signal,
		);
		entries.push(...found.flatMap((entry) => entry ?? []).sort(newestFirst));
	}
	return entries.filter((entry) => isInSeries(entry, options.series ?? {}));
}

interface Named extends Pick<CatalogEntry, 'component' | 'name'> {
	files: Map<string, RemoteFile>;
}

async function readEntry(
	{ destination, timeZone }: RemoteCatalogOptions,
	{ component, name, files }: Named,
	signal: AbortSignal,
): Promise<CatalogEntry | undefined> {
	const parsed = parseArtifactName(name);
	const named = parsed && stampToDate(parsed.stamp, timeZone);
	if (!named) return undefined;
	const file = files.get(name);
	const path = `${destination.place}/${remoteName(component, name)}`;
	const found = {
		...{ component, path, name, prefix: parsed.prefix, at: named },
		storedBytes: file?.bytes ?? 0,
	};
	if (!files.has(manifestName(name))) {
		return { ...found, state: 'unproven', problem: 'There is no manifest beside it.' };
	}
	try {
		const { manifest } = await readRemoteManifest(destination, remoteName(component, name), signal);
		const at = new Date(manifest.startedAt);
		if (!file) return { ...found, at, manifest, state: 'missing', problem: goneProblem };
		return { ...found, at, manifest, ...judge(manifest, found) };
	} catch (error) {
		if (!(error instanceof BackupError) || error.code !== 'unreadable') throw error;
		return { ...found, state: file ? 'unreadable' : 'missing', problem: error.what };
	}
}

/**
 * The manifest beside an artifact at a destination.
 *
 * @throws BackupError `not-found`, `unreadable`, or what the destination throws
 */
export async function readRemoteManifest(
	destination: Destination,
	artifact: string,
	signal: AbortSignal,
): Promise<ManifestDocument> {
	const name = manifestName(artifact);
	const pieces: Buffer[] = [];
	let bytes = 0;
	for await (const piece of destination.get(name, signal)) {
		bytes += piece.length;
		if (bytes > longestManifestBytes) {
			throw new BackupError('unreadable', `${destination.place}/${name} is too large for a manifest`, {
				advice: 'Find out who put it there',
			});
		}
		pieces.push(piece);
	}
	return parseManifest(Buffer.concat(pieces), `${destination.place}/${name}`);
}

function baseName({ name }: RemoteFile): string {
	return name.slice(name.indexOf('/') + 1);
}

function withoutManifestSuffix(name: string): string {
	return name.endsWith(manifestSuffix) ? name.slice(0, -manifestSuffix.length) : name;
}
