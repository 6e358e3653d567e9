import { basename, dirname, join } from 'node:path';
import { BackupError } from '../errors';
import type { Manifest } from './manifest';
import { checkManifest } from './manifestSchema';
import { manifestName } from './names';
import { readRegularFile } from '../files/readRegularFile';

/** Bytes of the largest manifest that is read: one of a hundred thousand tables has a quarter of them. */
export const longestManifestBytes = 32 * 1024 * 1024;

/** Values in it at most: as many again and again take gigabytes of memory. One of a hundred thousand tables has a third of them. */
const mostValues = 300_000;

/** Where the manifest of an artifact lies. */
export function manifestPath(artifactPath: string): string {
	return join(dirname(artifactPath), manifestName(basename(artifactPath)));
}

/**
 * The manifest as it is written: JSON for people and programs, ending in a newline.
 *
 * @throws BackupError `unsupported` for one that is larger than what is read: nobody could rely on its backup
 */
export function serializeManifest(manifest: Manifest | Record<string, unknown>): string {
	const text = `${JSON.stringify(manifest, null, '\t')}\n`;
	const bytes = Buffer.from(text);
	if (bytes.length <= longestManifestBytes && valuesIn(bytes) <= mostValues) return text;
	throw new BackupError(
		'unsupported',
		`The manifest of ${String(manifest.artifact)} would list more tables than one backup can have`,
		{ advice: 'Back up the schemas of this database one by one, each with a prefix of its own' },
	);
}

/** A manifest, and the JSON that it was read from with all that this version does not know. */
export interface ManifestDocument {
	manifest: Manifest;
	document: Record<string, unknown>;
}

/**
 * Reads the manifest beside an artifact.
 *
 * @throws BackupError `not-found` without one, `unreadable` when it cannot be judged, whatever the reason
 */
export async function readManifest(artifactPath: string): Promise<Manifest> {
	return (await readManifestDocument(artifactPath)).manifest;
}

/** {@link readManifest} for who writes it again: then nothing may be lost that only another version knows. */
export async function readManifestDocument(artifactPath: string): Promise<ManifestDocument> {
	const path = manifestPath(artifactPath);
	return parseManifest(await readRegularFile(path, longestManifestBytes), path);
}

/**
 * A manifest's bytes, read from wherever.
 *
 * @param path what messages call it
 * @throws BackupError `unreadable`
 */
export function parseManifest(bytes: Uint8Array, path: string): ManifestDocument {
	assertFewValues(bytes, path);
	const document = parse(decode(bytes, path), path);
	const { manifest, problem } = checkManifest(document);
	if (problem !== undefined) throw notAManifest(path, problem);
	return { manifest, document: document as Record<string, unknown> };
}

/**
 * To be asked before JSON from anywhere is parsed.
 *
 * @throws BackupError `unreadable` for more values than any manifest has
 */
export function assertFewValues(bytes: Uint8Array, path: string): void {
	if (valuesIn(bytes) > mostValues) throw notAManifest(path, `it has more than ${mostValues} values`);
}

/** How many values are in JSON at most: what begins one, or parts it from the next, may stand in texts as well. */
function valuesIn(bytes: Uint8Array): number {
	let values = 0;
	for (const code of bytes) {
		if (code === 0x2c || code === 0x5b || code === 0x7b) values++;
	}
	return values;
}

function decode(bytes: Uint8Array, path: string): string {
	try {
		// Reads over a byte order mark.
		return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
	} catch (error) {
		throw notAManifest(path, 'it is not UTF-8', error);
	}
}

function parse(text: string, path: string): unknown {
	let document: unknown;
	try {
		document = JSON.parse(text);
	} catch (error) {
		throw notAManifest(path, text.trim() === '' ? 'it is empty' : 'it is not JSON', error);
	}
	assertNoPrototype(document, path);
	return document;
}

/** Looks at every object in it, however deep. JSON.parse can do so too, but takes half as much memory again. */
function assertNoPrototype(document: unknown, path: string): void {
	const open = [document];
	while (open.length > 0) {
		const value = open.pop();
		if (typeof value !== 'object' || value === null) continue;
		if (Object.hasOwn(value, '__proto__'))
			throw notAManifest(path, 'it has a field __proto__, which nobody writes honestly');
		for (const inner of Object.values(value)) open.push(inner);
	}
}

function notAManifest(path: string, problem: string, cause?: unknown): BackupError {
	return new BackupError('unreadable', `${path} is not a manifest that can be relied on: ${problem}`, {
		advice: 'Verify the artifact beside it without its manifest, or use another backup',
		cause,
	});
}
