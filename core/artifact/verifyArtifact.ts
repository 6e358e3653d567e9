import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { BackupError, errorMessage, fileError } from '../errors';
import { changeManifest } from './changeManifest';
import type { CheckResult } from './checks';
import { checkChecksum } from './checksum';
import { compressionOf } from '../compression/compression';
import { assertAgeFraming, BrokenSealError, type DecryptionKeys, describeReaders } from '../encryption';
import type { Manifest, CheckRecord } from './manifest';
import { readManifest } from './manifestFile';
import { type ArtifactMeasures, hashFile, readArtifact } from './readArtifact';

/**
 * Looks at an artifact's raw bytes while they stream past, each piece valid until the next one is asked for, and says
 * what holds. It reads them to their end, or throws `damaged` or `incomplete`.
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
	/** For one that is encrypted; without them its content stays unknown. */
	keys?: DecryptionKeys;
	/** Told by name and first bytes when undefined. */
	isEncrypted?: boolean;
	/** Called with the raw bytes read so far. */
	onBytes?: (rawBytes: number) => void;
}

export interface VerifyReport {
	path: string;
	result: 'passed' | 'failed';
	checks: CheckResult[];
	storedBytes: number;
	/** Undefined when the bytes could not be read to their end, or not without a key. */
	rawBytes?: number;
}

/**
 * Re-reads an artifact and says of each check whether it holds: name, size and SHA-256 against the manifest, the
 * encrypted and the compressed stream to their ends, and what `inspect` finds inside. One pass over the file. Of an
 * encrypted one without a key the content is `unknown`, everything else is not.
 *
 * @throws BackupError only when there is nothing to judge: no such file, not readable, encrypted for another key, cancelled
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
	if (measures?.rawBytes !== undefined && manifest) checks.push(checkRawSize(measures.rawBytes, manifest));
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

/** {@link manifestIfAny} for what can do without: one that cannot be judged is a problem to be named. */
export async function manifestOrProblem(
	path: string,
): Promise<{ manifest: Manifest | undefined; problems: string[] }> {
	try {
		return { manifest: await manifestIfAny(path), problems: [] };
	} catch (error) {
		return { manifest: undefined, problems: [errorMessage(error)] };
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
	/** Undefined when reading stopped before the end. Without a key nobody knows how many raw bytes there are. */
	measures?: Omit<ArtifactMeasures, 'rawBytes'> & { rawBytes?: number };
	found: CheckResult[];
}

async function readThrough(request: VerifyRequest, signal: AbortSignal): Promise<ReadThrough> {
	const { path, manifest, inspect, keys, isEncrypted, onBytes } = request;
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
		const reading = { path, compression, keys, isEncrypted, onBytes, isLent: true };
		const measures = await readArtifact(reading, consume, signal);
		const detail =
			compression === 'none' ? 'The file is not compressed.' : `The ${compression} stream is whole.`;
		const decompressed: CheckResult = { check: 'compression', result: 'passed', detail };
		return { measures, found: [...(measures.isEncrypted ? [opened] : []), decompressed, ...found] };
	} catch (error) {
		if (!(error instanceof BackupError)) throw error;
		if (error.code === 'auth') return await readSealed(request, error, signal);
		if (error.code !== 'damaged' && error.code !== 'incomplete') throw error;
		const isContent = error === contentError && !(error instanceof BrokenSealError);
		return { found: [failed(isContent ? 'content' : 'compression', error)] };
	}
}

const opened: CheckResult = {
	check: 'encryption',
	result: 'passed',
	detail: 'Every chunk is as it was encrypted.',
};

/**
 * Reads an encrypted artifact of which nobody here can know more than that its form is right.
 *
 * @throws `refusal` when a key was given that is another one's, and every byte is as it was written
 */
async function readSealed(
	{ path, manifest, keys }: VerifyRequest,
	refusal: BackupError,
	signal: AbortSignal,
): Promise<ReadThrough> {
	const reading = { path, compression: 'none', isEncrypted: false } as const;
	try {
		const { storedBytes, sha256 } = await readArtifact(reading, assertAgeFraming, signal);
		// Otherwise the key may well be right, and the header is what has changed.
		if (keys && (!manifest || sha256 === manifest.sha256)) throw refusal;
		const framing: CheckResult = {
			check: 'encryption',
			result: 'passed',
			detail: 'The age header and all chunks have their form and lengths.',
		};
		const readers = manifest?.encryption ? describeReaders(manifest.encryption) : 'for somebody';
		const content = unknown(
			'content',
			`It is encrypted ${readers}, and no key was given here that opens it: what is inside cannot be looked at.`,
		);
		return { measures: { storedBytes, sha256, isEncrypted: true }, found: [framing, content] };
	} catch (error) {
		if (!(error instanceof BrokenSealError)) throw error;
		return { found: [failed('encryption', error)] };
	}
}

function failed(check: string, error: BackupError): CheckResult {
	return {
		check: error instanceof BrokenSealError ? 'encryption' : check,
		result: 'failed',
		detail: error.what,
	};
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
