import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { BackupError, fileError } from '../errors';
import { changeManifest } from './changeManifest';
import type { CheckResult } from './checks';
import { checkChecksum } from './checksum';
import { compressionOf } from '../compression/compression';
import type { Manifest, CheckRecord } from './manifest';
import { readManifest } from './manifestFile';
import { type ArtifactMeasures, hashFile, readArtifact } from './readArtifact';

/**
 * Looks at an artifact's raw bytes while they stream past and says what of them holds. It reads them to their
 * end, or throws `damaged` or `incomplete`.
 */
export type InspectContent = (
	raw: AsyncIterable<Buffer>,
	manifest: Manifest | undefined,
) => Promise<CheckResult[]>;

export interface VerifyRequest {
	path: string;
	/** Undefined: verified without one, which says less. */
	manifest?: Manifest;
	inspect: InspectContent;
	/** Called with the raw bytes read so far. */
	onBytes?: (rawBytes: number) => void;
}

export interface VerifyReport {
	path: string;
	result: 'passed' | 'failed';
	checks: CheckResult[];
	storedBytes: number;
	/** Undefined when the bytes could not be read to their end. */
	rawBytes?: number;
}

/**
 * Re-reads an artifact and says of each check whether it holds: name, size and SHA-256 against the manifest, the
 * compressed stream to its end, and what `inspect` finds inside. One pass over the file.
 *
 * @throws BackupError only when there is nothing to judge: no such file, not readable, cancelled
 */
export async function verifyArtifact(request: VerifyRequest, signal: AbortSignal): Promise<VerifyReport> {
	const { path, manifest } = request;
	const storedBytes = await sizeOf(path);
	const size = checkSize(storedBytes, manifest);
	if (storedBytes === 0) {
		const empty: CheckResult = { check: 'content', result: 'failed', detail: 'The file is empty.' };
		return report(path, [checkName(path, manifest, emptySha256), size, empty], storedBytes);
	}
	const { measures, found } = await readThrough(request, signal);
	const sha256 = measures?.sha256 ?? (await hashFile(path, signal));
	const checks = [checkName(path, manifest, sha256), size, checkChecksum({ sha256 }, manifest), ...found];
	if (measures && manifest) checks.push(checkRawSize(measures.rawBytes, manifest));
	return { ...report(path, checks, storedBytes), rawBytes: measures?.rawBytes };
}

/** The manifest beside an artifact; undefined when there is none. Throws `unreadable` for one that cannot be judged. */
export async function manifestIfAny(path: string): Promise<Manifest | undefined> {
	try {
		return await readManifest(path);
	} catch (error) {
		if (error instanceof BackupError && error.code === 'not-found') return undefined;
		throw error;
	}
}

/** A report's checks in the form that manifests keep. */
export function toCheckRecord(
	{ result, checks }: { result: CheckRecord['result']; checks: CheckResult[] },
	at = new Date(),
): CheckRecord {
	const findings = checks.map(({ check, result: said, detail }) => `${check}: ${said}. ${detail}`);
	return { at: at.toISOString(), result, findings };
}

/**
 * Writes what a verification or a drill found into the manifest beside the artifact. Without a manifest, and when
 * the manifest is another file's, nothing is written.
 *
 * @returns whether it was written
 */
export async function recordChecks(
	path: string,
	kind: 'verification' | 'drill',
	record: CheckRecord,
): Promise<boolean> {
	try {
		return await changeManifest(path, ({ manifest, document }) =>
			manifest.artifact === basename(path) ? { ...document, [kind]: record } : undefined,
		);
	} catch (error) {
		if (error instanceof BackupError && error.code === 'not-found') return false;
		throw error;
	}
}

interface ReadThrough {
	/** Undefined when reading stopped before the end. */
	measures?: ArtifactMeasures;
	found: CheckResult[];
}

async function readThrough(request: VerifyRequest, signal: AbortSignal): Promise<ReadThrough> {
	const { path, manifest, inspect, onBytes } = request;
	const compression = manifest?.compression ?? compressionOf(basename(path));
	let found: CheckResult[] = [];
	let contentError: unknown;
	const consume = async (raw: AsyncIterable<Buffer>) => {
		try {
			found = await inspect(raw, manifest);
		} catch (error) {
			contentError = error;
			throw error;
		}
	};
	try {
		const measures = await readArtifact({ path, compression, onBytes }, consume, signal);
		const detail =
			compression === 'none' ? 'The file is not compressed.' : `The ${compression} stream is whole.`;
		return { measures, found: [{ check: 'compression', result: 'passed', detail }, ...found] };
	} catch (error) {
		if (!(error instanceof BackupError) || (error.code !== 'damaged' && error.code !== 'incomplete'))
			throw error;
		const check = error === contentError ? 'content' : 'compression';
		return { found: [{ check, result: 'failed', detail: error.what }] };
	}
}

const emptySha256 = createHash('sha256').digest('hex');

function checkName(path: string, manifest: Manifest | undefined, sha256: string): CheckResult {
	const check = 'manifest';
	if (!manifest) {
		return {
			check,
			result: 'unknown',
			detail: 'There is no manifest: nobody can know whether this is what was backed up, nor how much of it.',
		};
	}
	if (manifest.artifact === basename(path)) {
		return { check, result: 'passed', detail: `The manifest is this artifact’s, of ${manifest.startedAt}.` };
	}
	if (manifest.sha256 === sha256) {
		// Every byte is what the manifest says, so both were renamed.
		return { check, result: 'unknown', detail: `The manifest knows this file as ${manifest.artifact}.` };
	}
	return { check, result: 'failed', detail: `The manifest is that of another file, ${manifest.artifact}.` };
}

function checkSize(storedBytes: number, manifest: Manifest | undefined): CheckResult {
	const check = 'size';
	if (!manifest)
		return unknown(check, `The file has ${storedBytes} bytes; how many it should have is not known.`);
	if (storedBytes === manifest.storedBytes) {
		return { check, result: 'passed', detail: `The file has the ${storedBytes} bytes that were written.` };
	}
	const detail = `The file has ${storedBytes} bytes where the manifest says ${manifest.storedBytes}.`;
	return { check, result: 'failed', detail };
}

function checkRawSize(rawBytes: number, manifest: Manifest): CheckResult {
	const check = 'raw size';
	if (rawBytes === manifest.rawBytes)
		return { check, result: 'passed', detail: `${rawBytes} bytes are inside.` };
	const detail = `${rawBytes} bytes are inside where the manifest says ${manifest.rawBytes}.`;
	return { check, result: 'failed', detail };
}

function unknown(check: string, detail: string): CheckResult {
	return { check, result: 'unknown', detail };
}

function report(path: string, checks: CheckResult[], storedBytes: number): VerifyReport {
	const result = checks.some(({ result: said }) => said === 'failed') ? 'failed' : 'passed';
	return { path, result, checks, storedBytes };
}

async function sizeOf(path: string): Promise<number> {
	try {
		return (await stat(path)).size;
	} catch (error) {
		throw fileError(error, path);
	}
}
