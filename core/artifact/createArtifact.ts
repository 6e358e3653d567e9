import { basename, join } from 'node:path';
import { addAbortSignal } from 'node:stream';
import { gatherBlocks } from '../blocks';
import { BackupError, cancelledError, fileError } from '../errors';
import { packageVersion } from '../version';
import { AtomicFile, isThere } from '../files/atomicFile';
import { commitBackup } from './commitBackup';
import type { Component } from './component';
import { type Compression, compressionExtension } from '../compression/compression';
import { ageSuffix, encryptionRecord, type EncryptionKeys, sealHeader } from '../encryption';
import { prepareDirectory } from './directory';
import type { Manifest } from './manifest';
import { schemaVersion } from './manifestSchema';
import { manifestPath, serializeManifest } from './manifestFile';
import { formatArtifactName } from './names';
import { Refusals } from '../files/refusals';
import { findShrinkage } from './shrinkage';
import type { OnProgress, OpenSource, SourceFacts } from './source';
import { storeBlocks, type StoredFile, takeStoreThread } from './store/storeBlocks';

export interface ArtifactRequest {
	/** The backup directory; it must exist. */
	root: string;
	component: Component;
	/** What the artifact's name begins with. */
	prefix: string;
	/** The raw format's extension, without a dot: `sql`, `rdb`, `tar`, `backup`. */
	extension: string;
	compression: Compression;
	/** Who can read the artifact; anybody when undefined. */
	encryption?: EncryptionKeys;
	/** IANA name of the zone in which the artifact is named. */
	timeZone: string;
	/** The n8n instance that makes the backup, for the manifest. */
	instanceId?: string;
	/** Its version, where it runs. */
	n8nVersion?: string;
	/** The last full backup of its series, to tell whether this one holds far less. */
	compareWith?: Manifest;
	/** About how many raw bytes there will be, for progress; what the source says when undefined. */
	expectedBytes?: number;
	/** What is being done, for progress: `Dumping n8n`. */
	step: string;
	onProgress?: OnProgress;
}

/** How many seconds a name may be ahead of the time at which its run started. */
const secondsToTry = 60;

/** One finished backup file and its manifest. */
export interface Artifact {
	path: string;
	manifest: Manifest;
}

/**
 * Makes one artifact: opens the source, streams it through compression, encryption and hash into a partial file, waits for
 * the source to say that it was whole, and only then gives the file its name and its manifest.
 *
 * What the file system cannot do is a warning of the result; what is known before the manifest is written is in the
 * manifest, too.
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
	const refusals = new Refusals();
	const directory = await prepareDirectory({ ...request, refusals }, signal);

	await using file = await reserveName(request, { directory, startedAt, refusals });
	const { facts, ...measured } = await stream(request, openSource, file, signal);

	const early = refusals.warnings(directory);
	const made: Manifest = {
		schemaVersion,
		component: request.component,
		artifact: basename(file.finalPath),
		...measured,
		startedAt: startedAt.toISOString(),
		finishedAt: new Date().toISOString(),
		timeZone: request.timeZone,
		compression: request.compression.method,
		...(request.encryption && { encryption: encryptionRecord(request.encryption) }),
		...facts,
		warnings: [...facts.warnings, ...early],
		instanceId: request.instanceId,
		n8nVersion: request.n8nVersion,
		packageVersion,
	};
	const manifest = withComparison(made, request.compareWith);
	await using manifestFile = await AtomicFile.create(manifestPath(file.finalPath), {
		refusals,
		isRenewed: true,
	});
	await manifestFile.write(serializeManifest(manifest));
	const problems = await commitBackup(file, manifestFile);
	// What else the disk refused by now is said in one sentence with what it refused before.
	const others = manifest.warnings.filter((warning) => !early.includes(warning));
	const warnings = [...others, ...refusals.warnings(directory), ...problems];
	return { path: file.finalPath, manifest: { ...manifest, warnings } };
}

/** Known before the artifact gets its name: a crash must not leave one that passes for full. */
function withComparison(made: Manifest, before: Manifest | undefined): Manifest {
	if (!before) return made;
	const { lost, warnings } = findShrinkage(before, made);
	const shrunk = lost.length === 0 ? {} : { shrunk: { before: before.artifact, lost } };
	return { ...made, ...shrunk, warnings: [...made.warnings, ...warnings] };
}

interface Place {
	directory: string;
	startedAt: Date;
	refusals: Refusals;
}

/**
 * Begins the artifact under the name of the second in which the run started, or of the next one that is free: two
 * runs may start in the same second, and in the hour that comes twice each second does. The manifest tells which
 * it really was.
 */
async function reserveName(
	request: ArtifactRequest,
	{ directory, startedAt, refusals }: Place,
): Promise<AtomicFile> {
	for (let seconds = 0; ; seconds++) {
		const path = join(directory, nameArtifact(request, new Date(startedAt.getTime() + seconds * 1000)));
		try {
			const file = await AtomicFile.create(path, { refusals });
			if (!(await hasManifest(path))) return file;
			await file.discard();
		} catch (error) {
			const isTaken = error instanceof BackupError && error.code === 'exists';
			if (!isTaken || seconds >= secondsToTry) throw error;
		}
	}
}

/** A manifest without its artifact keeps the name, or there would be two of them. */
async function hasManifest(path: string): Promise<boolean> {
	try {
		return await isThere(manifestPath(path));
	} catch (error) {
		throw fileError(error, path);
	}
}

function nameArtifact(request: ArtifactRequest, startedAt: Date): string {
	const { prefix, timeZone, compression, encryption } = request;
	const suffix = `${compressionExtension(compression.method)}${encryption ? ageSuffix : ''}`;
	const extension = `${request.extension}${suffix}`;
	return formatArtifactName({ prefix, startedAt, timeZone, extension });
}

interface Streamed extends StoredFile {
	facts: SourceFacts;
}

/** Source, count, compress, encrypt, hash, partial file; then the source's word that nothing is missing. */
async function stream(
	request: ArtifactRequest,
	openSource: OpenSource,
	file: AtomicFile,
	outerSignal: AbortSignal,
): Promise<Streamed> {
	// When one side fails, the other must not go on for nobody.
	const failure = new AbortController();
	const signal = AbortSignal.any([outerSignal, failure.signal]);
	const endAll = (error: unknown) => failure.abort(error);
	const thread = takeStoreThread();
	try {
		// Before the source is opened: it is not to wait for a key that is none.
		const seal = request.encryption && (await sealHeader(request.encryption));
		const { stream: bytes, finished, readBack, expectedBytes } = await openSource(signal);
		const totalBytes = request.expectedBytes ?? expectedBytes;
		finished.catch(endAll);
		// The source ends by itself; this is for one that does not.
		addAbortSignal(signal, bytes);
		const stored = storeBlocks(
			gatherBlocks(bytes),
			{
				thread,
				descriptor: file.descriptor,
				finalPath: file.finalPath,
				compression: request.compression,
				readBack,
				seal,
				facts: finished,
				onBytes: (rawBytes) =>
					request.onProgress?.({ step: request.step, rawBytes, totalBytes, isEstimate: true }),
			},
			signal,
		);
		stored.catch(endAll);
		const [facts, measured] = await bothSides(finished, stored);
		return { ...measured, facts };
	} catch (error) {
		failure.abort(error);
		if (outerSignal.aborted) throw cancelledError(error);
		throw error;
	} finally {
		// Where no source was opened it still waits for its job.
		await thread.end();
	}
}

/**
 * Waits for the bytes to be stored and for the facts of the source. When both fail, the one that explains is
 * thrown: an error of the disk or the source's own, not that the other was told to stop.
 */
async function bothSides(
	finished: Promise<SourceFacts>,
	storing: Promise<StoredFile>,
): Promise<[SourceFacts, StoredFile]> {
	const [facts, stored] = await Promise.allSettled([finished, storing]);
	if (facts.status === 'fulfilled' && stored.status === 'fulfilled') return [facts.value, stored.value];
	const reasons = [stored, facts].map((side) =>
		side.status === 'rejected' ? (side.reason as unknown) : undefined,
	);
	for (const reason of reasons) {
		if (reason instanceof BackupError && reason.code !== 'cancelled') throw reason;
	}
	throw new BackupError('incomplete', 'The backup’s bytes ended before they were whole', {
		advice: 'Run it again; if it happens again, look into the source’s own log',
		cause: reasons.find((reason) => reason !== undefined),
	});
}
