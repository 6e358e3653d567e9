import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { BackupError, errorCode, errorMessage, fileError } from '../errors';
import { type Component, components } from './component';
import { componentDirectory } from './directory';
import type { Manifest } from './manifest';
import { readManifest } from './manifestFile';
import { manifestSuffix, parseArtifactName, stampToDate } from './names';

/**
 * - `good`: name, manifest and size agree, and no verification has said otherwise
 * - `unproven`: our name, but no manifest beside it
 * - `damaged`: the manifest cannot be read, or contradicts the file, or the last verification failed
 * - `missing`: a manifest whose artifact is gone
 */
export type CatalogState = 'good' | 'unproven' | 'damaged' | 'missing';

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
		entries.push(...found.sort((a, b) => b.at.getTime() - a.at.getTime() || b.name.localeCompare(a.name)));
	}
	return entries;
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
		const entry = await readEntry(options, component, join(directory, name), name);
		if (entry) entries.push(entry);
	}
	return entries;
}

/** The names in a component's directory; none when it does not exist or is a link to somewhere else. */
async function listOwnDirectory(directory: string): Promise<string[]> {
	try {
		const found = await lstat(directory);
		return found.isDirectory() ? await readdir(directory) : [];
	} catch (error) {
		if (errorCode(error) === 'ENOENT') return [];
		throw fileError(error, directory);
	}
}

async function readEntry(
	{ timeZone }: CatalogOptions,
	component: Component,
	path: string,
	name: string,
): Promise<CatalogEntry | undefined> {
	const parsed = parseArtifactName(name);
	const named = parsed && stampToDate(parsed.stamp, timeZone);
	if (!named) return undefined;
	const file = await lstatOrNothing(path);
	if (file && !file.isFile()) return undefined;

	const base = { component, path, name, prefix: parsed.prefix, at: named, storedBytes: file?.size ?? 0 };
	try {
		const manifest = await readManifest(path);
		const problem = contradiction(manifest, base, file !== undefined);
		const state: CatalogState = !file ? 'missing' : problem ? 'damaged' : 'good';
		return { ...base, at: new Date(manifest.startedAt), manifest, state, problem };
	} catch (error) {
		if (!file) return undefined;
		if (error instanceof BackupError && error.code === 'not-found') {
			return { ...base, state: 'unproven', problem: 'There is no manifest beside it.' };
		}
		return { ...base, state: 'damaged', problem: errorMessage(error) };
	}
}

/** What the manifest and the file say differently. */
function contradiction(
	manifest: Manifest,
	entry: Pick<CatalogEntry, 'component' | 'name' | 'storedBytes'>,
	fileExists: boolean,
): string | undefined {
	if (!fileExists) return 'The artifact is gone; only its manifest is left.';
	if (manifest.artifact !== entry.name) return `Its manifest is that of ${manifest.artifact}.`;
	if (manifest.component !== entry.component)
		return `Its manifest is that of a ${manifest.component} artifact.`;
	if (manifest.storedBytes !== entry.storedBytes) {
		return `It has ${entry.storedBytes} bytes where its manifest says ${manifest.storedBytes}.`;
	}
	if (manifest.verification?.result === 'failed') {
		return `Its verification failed: ${manifest.verification.findings.join(' ')}`;
	}
	return undefined;
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
