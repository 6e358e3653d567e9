import { readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { BackupError, fileError } from '../errors';
import { AtomicFile } from './atomicFile';
import { isComponent } from './component';
import { syncDirectory } from './durable';
import type { Manifest } from './manifest';
import { manifestName } from './names';

/** Where the manifest of an artifact lies. */
export function manifestPath(artifactPath: string): string {
	return join(dirname(artifactPath), manifestName(basename(artifactPath)));
}

/** The manifest as it is written: JSON for people and programs, ending in a newline. */
export function serializeManifest(manifest: Manifest): string {
	return `${JSON.stringify(manifest, null, '\t')}\n`;
}

/**
 * Reads the manifest beside an artifact.
 *
 * @throws BackupError `not-found` without one, `damaged` when it is not one of ours
 */
export async function readManifest(artifactPath: string): Promise<Manifest> {
	const path = manifestPath(artifactPath);
	let text: string;
	try {
		text = await readFile(path, 'utf8');
	} catch (error) {
		throw fileError(error, path);
	}
	return parseManifest(text, path);
}

/**
 * Replaces the manifest beside an artifact, as after a verification; the old one stays until the new one is on
 * the disk.
 */
export async function replaceManifest(artifactPath: string, manifest: Manifest): Promise<void> {
	const path = manifestPath(artifactPath);
	const next = `${path}.next`;
	try {
		await rm(next, { force: true });
		await using file = await AtomicFile.create(next);
		await file.write(serializeManifest(manifest));
		await file.commit();
		await rename(next, path);
		await syncDirectory(dirname(path));
	} catch (error) {
		throw fileError(error, path);
	}
}

function parseManifest(text: string, path: string): Manifest {
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch (error) {
		throw notAManifest(path, 'it is not JSON', error);
	}
	const problem = findProblem(value);
	if (problem) throw notAManifest(path, problem);
	return value as Manifest;
}

/** What keeps a value from being a manifest that this version can rely on; undefined when nothing does. */
function findProblem(value: unknown): string | undefined {
	if (typeof value !== 'object' || value === null) return 'it is not an object';
	const fields = value as Record<string, unknown>;
	if (fields.schemaVersion !== 1) {
		return `its schema version is ${JSON.stringify(fields.schemaVersion)}, this package knows version 1`;
	}
	if (!isComponent(fields.component)) return 'its component is none of ours';
	for (const name of ['artifact', 'sha256', 'startedAt', 'finishedAt', 'timeZone'] as const) {
		if (typeof fields[name] !== 'string') return `its field ${name} is not a text`;
	}
	for (const name of ['storedBytes', 'rawBytes'] as const) {
		if (typeof fields[name] !== 'number') return `its field ${name} is not a number`;
	}
	if (Number.isNaN(Date.parse(fields.startedAt as string))) return 'its field startedAt is not a date';
	return undefined;
}

function notAManifest(path: string, problem: string, cause?: unknown): BackupError {
	return new BackupError('damaged', `${path} is not a manifest that can be relied on: ${problem}`, {
		advice: 'Verify the artifact beside it without its manifest, or use another backup',
		cause,
	});
}
