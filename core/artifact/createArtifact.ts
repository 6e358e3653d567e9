import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { addAbortSignal, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { gatherBlocks } from '../blocks';
import { BackupError, cancelledError, errorCode, fileError } from '../errors';
import { packageVersion } from '../version';
import { AtomicFile } from './atomicFile';
import type { Component } from './component';
import { type Compression, compressionExtension, createCompressor } from './compression';
import { prepareDirectory } from './directory';
import type { Manifest } from './manifest';
import { manifestPath, serializeManifest } from './manifestFile';
import { Meter } from './meter';
import { formatArtifactName } from './names';
import type { OnProgress } from './progress';
import { readBack } from './readBack';
import type { OpenSource, Source, SourceFacts } from './source';
import type { StoredStream } from './storedStream';

export interface ArtifactRequest {
	/** The backup directory; it must exist. */
	root: string;
	component: Component;
	/** What the artifact's name begins with. */
	prefix: string;
	/** The raw format's extension, without a dot: `sql`, `rdb`, `tar`, `backup`. */
	extension: string;
	compression: Compression;
	/** IANA name of the zone in which the artifact is named. */
	timeZone: string;
	/** The n8n instance that makes the backup, for the manifest. */
	instanceId?: string;
	/** What is being done, for progress: `Dumping n8n`. */
	step: string;
	onProgress?: OnProgress;
}

/** One finished backup file and the manifest that proves it. */
export interface Artifact {
	path: string;
	manifest: Manifest;
}

/**
 * Makes one artifact: opens the source, streams it through compression and hash into a partial file, waits for
 * the source to prove that it was whole, and only then gives the file its name and its manifest.
 *
 * @throws BackupError; whatever failed, nothing is left under a final name and no partial file stays
 */
export async function createArtifact(
	request: ArtifactRequest,
	openSource: OpenSource,
	signal: AbortSignal,
): Promise<Artifact> {
	if (signal.aborted) throw cancelledError(signal.reason);
	const startedAt = new Date();
	const directory = await prepareDirectory(request.root, request.component);
	const path = join(directory, nameArtifact(request, startedAt));

	await using file = await AtomicFile.create(path);
	const { facts, ...measured } = await stream(request, openSource, file, signal);

	const manifest: Manifest = {
		schemaVersion: 1,
		component: request.component,
		artifact: nameArtifact(request, startedAt),
		...measured,
		startedAt: startedAt.toISOString(),
		finishedAt: new Date().toISOString(),
		timeZone: request.timeZone,
		compression: request.compression.method,
		...facts,
		instanceId: request.instanceId,
		packageVersion,
	};
	await commitBoth(file, manifest);
	return { path, manifest };
}

function nameArtifact(request: ArtifactRequest, startedAt: Date): string {
	const { prefix, timeZone, compression } = request;
	const extension = `${request.extension}${compressionExtension(compression.method)}`;
	return formatArtifactName({ prefix, startedAt, timeZone, extension });
}

interface Streamed extends Pick<Manifest, 'rawBytes' | 'storedBytes' | 'sha256'> {
	facts: SourceFacts;
}

/** Source, count, compress, hash, partial file; then the proof that nothing is missing. */
async function stream(
	request: ArtifactRequest,
	openSource: OpenSource,
	file: AtomicFile,
	outerSignal: AbortSignal,
): Promise<Streamed> {
	// When one side fails, the others must not go on for nobody.
	const failure = new AbortController();
	const signal = AbortSignal.any([outerSignal, failure.signal]);
	const endAll = (error: unknown) => failure.abort(error);
	try {
		const source = await openSource(signal);
		source.finished.catch(endAll);
		// The source ends by itself; this is for one that does not.
		addAbortSignal(signal, source.stream);
		const raw = new Meter();
		const blocks = raw.count(gatherBlocks(source.stream), () => {
			request.onProgress?.({ step: request.step, rawBytes: raw.bytes });
		});
		const stored = file.createWriteStream();
		const written = store(blocks, createCompressor(request.compression), stored, signal);
		written.catch(endAll);
		const proven = proveWritten(source, stored, file.partialPath, request, signal);
		proven.catch(endAll);

		const [facts, proof] = await Promise.allSettled([bothSides(source, written, file.finalPath), proven]);
		// What ended the others explains why they did not come to their end.
		if (proof.status === 'rejected' && failure.signal.reason === proof.reason) throw proof.reason;
		if (facts.status === 'rejected') throw facts.reason;
		await file.sync();
		return { rawBytes: raw.bytes, storedBytes: stored.bytes, sha256: stored.sha256, facts: facts.value };
	} catch (error) {
		failure.abort(error);
		if (outerSignal.aborted) throw cancelledError(error);
		throw error;
	}
}

async function store(
	blocks: AsyncIterable<Buffer>,
	compressor: Transform | undefined,
	stored: StoredStream,
	signal: AbortSignal,
): Promise<void> {
	if (compressor) await pipeline(blocks, compressor, stored, { signal });
	else await pipeline(blocks, stored, { signal });
}

async function proveWritten(
	{ prove, finished }: Source,
	stored: StoredStream,
	path: string,
	{ compression: { method: compression } }: ArtifactRequest,
	signal: AbortSignal,
): Promise<void> {
	if (!prove) return;
	await readBack({ path, compression }, stored, async (raw) => await prove(raw, finished), signal);
}

/**
 * Waits for the bytes to be written and for the source to prove them. When both fail, the one that explains is
 * thrown: an error of the disk or the source's own, not the broken pipe that followed from it.
 */
async function bothSides(source: Source, written: Promise<void>, path: string): Promise<SourceFacts> {
	const [proof, write] = await Promise.allSettled([source.finished, written]);
	if (write.status === 'fulfilled') {
		if (proof.status === 'rejected') throw proof.reason;
		return proof.value;
	}
	if (isFileSystemError(write.reason)) throw fileError(write.reason, path);
	// A source that says "cancelled" was only told to stop because the writing had failed.
	if (proof.status === 'rejected' && !isCancelled(proof.reason)) throw proof.reason;
	if (write.reason instanceof BackupError) throw write.reason;
	throw new BackupError('incomplete', 'The backup’s bytes ended before they were whole', {
		advice: 'Run it again; if it happens again, look into the source’s own log',
		cause: write.reason,
	});
}

function isCancelled(error: unknown): boolean {
	return error instanceof BackupError && error.code === 'cancelled';
}

function isFileSystemError(error: unknown): boolean {
	return ['ENOSPC', 'EDQUOT', 'EIO', 'EROFS', 'EFBIG'].includes(errorCode(error) ?? '');
}

/** Artifact and manifest appear together: the manifest is on the disk before the artifact gets its name. */
async function commitBoth(artifact: AtomicFile, manifest: Manifest): Promise<void> {
	await using manifestFile = await AtomicFile.create(manifestPath(artifact.finalPath));
	await manifestFile.write(serializeManifest(manifest));
	await manifestFile.sync();
	await artifact.commit();
	try {
		await manifestFile.commit();
	} catch (error) {
		await rm(artifact.finalPath, { force: true });
		throw error;
	}
}
