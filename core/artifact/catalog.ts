import { lstat, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { BackupError, errorCode, errorMessage, fileError } from '../errors';
import { type Component, components } from './component';
import { componentDirectory, listOwnDirectory } from './directory';
import type { Manifest } from './manifest';
import { readManifest } from './manifestFile';
import { manifestSuffix, parseArtifactName, stampToDate } from './names';
import { isInSeries, newestFirst, type SeriesFilter } from './series';

/**
 * - `good`: name, manifest and size agree, and no verification has said otherwise
 * - `unproven`: our name, but no manifest beside it
 * - `unreadable`: nobody can know, because its manifest cannot be read or is another file's: not good, not bad either
 * - `contradicted`: the manifest says otherwise than the file, or the last verification failed
 * - `shrunk`: whole, but holds far less than the last full one before it, and nobody has said that this is meant
 * - `missing`: a manifest whose artifact is gone
 */
export type CatalogState = 'good' | 'unproven' | 'unreadable' | 'contradicted' | 'shrunk' | 'missing';

/** What is known of one artifact without reading it. */
export interface CatalogEntry {
	component: Component;
	/** Full path of the artifact. */
	path: string;
	name: string;
	prefix: string;
	/** When the backup began: from the manifest, or from the name read in the catalog's time zone. */
	at: Date;
	/** Size of the file; 0 when it is missing. */
	storedBytes: number;
	state: CatalogState;
	/** Why the state is not `good`. */
	problem?: string;
	manifest?: Manifest;
}

export interface CatalogOptions {
	/** The backup directory. */
	root: string;
	/** IANA name of the zone that names without a manifest are read in. */
	timeZone: string;
	/** Undefined: every component. */
	components?: readonly Component[];
	/** Undefined: every prefix, of every n8n. */
	series?: SeriesFilter;
}

/**
 * What the backup directory holds, by names and manifests, newest first within each component. Links, directories
 * and files with foreign names are no part of it.
 *
 * @throws BackupError when the backup directory cannot be read
 */
export async function readCatalog(options: CatalogOptions): Promise<CatalogEntry[]> {
	await assertReadable(options.root);
	const entries: CatalogEntry[] = [];
	for (const component of options.components ?? components) {
		const found = await readComponent(options, component);
		entries.push(...found.sort(newestFirst));
	}
	return entries.filter((entry) => isInSeries(entry, options.series ?? {}));
}

async function assertReadable(root: string): Promise<void> {
	try {
		await readdir(root);
	} catch (error) {
		if (errorCode(error) !== 'ENOENT') throw fileError(error, root);
		throw new BackupError('not-found', `The backup directory ${root} does not exist`, {
			advice: 'Correct the path, or mount it into the container of n8n and of every worker',
			cause: error,
		});
	}
}

async function readComponent(options: CatalogOptions, component: Component): Promise<CatalogEntry[]> {
	const directory = componentDirectory(options.root, component);
	const names = await listOwnDirectory(directory);
	const artifacts = new Set(names.map((name) => withoutSuffix(name, manifestSuffix)));
	const entries: CatalogEntry[] = [];
	for (const name of artifacts) {
		if (!mayBeOf(options.series, name)) continue;
		const entry = await readEntry(options, component, join(directory, name));
		if (entry) entries.push(entry);
	}
	return entries;
}

/** By its name alone: what is of another prefix is not read, or five hundred databases would read each other's manifests. */
function mayBeOf(series: SeriesFilter | undefined, name: string): boolean {
	return series?.prefix === undefined || parseArtifactName(name)?.prefix === series.prefix;
}

/** One artifact as the catalog knows it; undefined where the name is not ours, or nothing is there. */
export async function readEntry(
	{ timeZone }: Pick<CatalogOptions, 'timeZone'>,
	component: Component,
	path: string,
): Promise<CatalogEntry | undefined> {
	const name = basename(path);
	const parsed = parseArtifactName(name);
	const named = parsed && stampToDate(parsed.stamp, timeZone);
	if (!named) return undefined;
	const base = { component, path, name, prefix: parsed.prefix, at: named, storedBytes: 0 };
	try {
		const file = await lstatOrNothing(path);
		if (file && !file.isFile()) return undefined;
		return await readJudged({ ...base, storedBytes: file?.size ?? 0 }, file !== undefined);
	} catch (error) {
		// What is wrong with one artifact must not hide the others.
		return { ...base, state: 'unreadable', problem: errorMessage(error) };
	}
}

export type Found = Omit<CatalogEntry, 'state' | 'problem' | 'manifest'>;

/** A file with our name, or none, and what the manifest beside it says. */
async function readJudged(found: Found, exists: boolean): Promise<CatalogEntry | undefined> {
	try {
		const manifest = await readManifest(found.path);
		const at = new Date(manifest.startedAt);
		if (!exists) return { ...found, at, manifest, state: 'missing', problem: goneProblem };
		return { ...found, at, manifest, ...judge(manifest, found) };
	} catch (error) {
		const { code, what } = error instanceof BackupError ? error : fileError(error, found.path);
		if (!exists)
			return code === 'not-found' ? undefined : { ...found, state: 'missing', problem: goneProblem };
		if (code === 'not-found') {
			return { ...found, state: 'unproven', problem: 'There is no manifest beside it.' };
		}
		return { ...found, state: 'unreadable', problem: what };
	}
}

export const goneProblem = 'The artifact is gone; only its manifest is left.';

/** Whether manifest and file agree; where the manifest may be another file's, nobody can know. */
export function judge(
	manifest: Manifest,
	{ component, name, storedBytes }: Found,
): Pick<CatalogEntry, 'state' | 'problem'> {
	const contradicted = (problem: string) => ({ state: 'contradicted' as const, problem });
	if (manifest.component !== component) {
		return contradicted(`Its manifest is that of a ${manifest.component} artifact.`);
	}
	const hasItsSize = manifest.storedBytes === storedBytes;
	if (manifest.artifact !== name) {
		const problem = `Its manifest is that of ${manifest.artifact}.`;
		// Both may have been renamed together; then nothing is wrong with them.
		return hasItsSize ? { state: 'unreadable', problem } : contradicted(problem);
	}
	if (!hasItsSize) {
		return contradicted(`It has ${storedBytes} bytes where its manifest says ${manifest.storedBytes}.`);
	}
	if (manifest.verification?.result === 'failed') {
		return contradicted(`Its verification failed: ${manifest.verification.findings.join(' ')}`);
	}
	const { shrunk } = manifest;
	if (shrunk && shrunk.acceptedAt === undefined) {
		const problem = `It holds far less than ${shrunk.before}, the last full one before it: ${shrunk.lost.join(' ')}`;
		return { state: 'shrunk', problem };
	}
	return { state: 'good' };
}

async function lstatOrNothing(path: string) {
	try {
		return await lstat(path);
	} catch (error) {
		if (errorCode(error) === 'ENOENT') return undefined;
		throw fileError(error, path);
	}
}

function withoutSuffix(text: string, suffix: string): string {
	return text.endsWith(suffix) ? text.slice(0, -suffix.length) : text;
}
