import { createReadStream } from 'node:fs';
import { type Transform, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { BackupError, cancelledError, errorCode, errorMessage, fileError } from '../errors';
import { type CompressionMethod, createDecompressor } from './compression';
import { ByteCounter, HashingCounter } from './meters';

export interface ReadArtifactRequest {
	path: string;
	compression: CompressionMethod;
	/** Called with the raw bytes read so far. */
	onBytes?: (rawBytes: number) => void;
}

/** What was found out about an artifact's bytes in passing. */
export interface ArtifactMeasures {
	storedBytes: number;
	rawBytes: number;
	/** Hex digest of the stored bytes. */
	sha256: string;
}

/**
 * Reads an artifact once, from its first byte to its last: the stored bytes are hashed, decompressed, and handed
 * to `consume` with back-pressure.
 *
 * @throws BackupError `damaged` or `incomplete` when the compression does not hold, whatever {@link fileError}
 * says of the file, and whatever `consume` throws
 */
export async function readArtifact(
	{ path, compression, onBytes }: ReadArtifactRequest,
	consume: (raw: AsyncIterable<Buffer>) => Promise<void>,
	signal: AbortSignal,
): Promise<ArtifactMeasures> {
	const stored = new HashingCounter();
	const decompressor = createDecompressor(compression);
	const raw = new ByteCounter(onBytes);
	// Bytes behind the end of a stream can make Node's zstd fail after the pipeline has settled.
	decompressor.on('error', () => {});
	let consumed: { error: unknown } | undefined;
	try {
		await pipeline(
			createReadStream(path, { highWaterMark: 1024 * 1024 }),
			stored,
			decompressor,
			raw,
			async (source: AsyncIterable<Buffer>) => {
				await consume(source).catch((error: unknown) => {
					consumed = { error };
					throw error;
				});
			},
			{ signal },
		);
		assertNothingBehind(decompressor, stored.bytes, path);
	} catch (error) {
		if (signal.aborted) throw cancelledError(error);
		// In Node 22 a pipeline says only that it was aborted when its last function throws.
		const isAbortedByConsumer = consumed !== undefined && errorCode(error) === 'ABORT_ERR';
		throw artifactReadError(isAbortedByConsumer ? consumed?.error : error, path);
	}
	return { storedBytes: stored.bytes, rawBytes: raw.bytes, sha256: stored.digest() };
}

/** Node stops reading at the end of a compressed stream and says nothing of what follows. */
function assertNothingBehind(decompressor: Transform, storedBytes: number, path: string): void {
	if (!('bytesWritten' in decompressor) || decompressor.bytesWritten === storedBytes) return;
	throw new BackupError('damaged', `${path} goes on behind the end of its compressed stream`, {
		advice: 'Something was appended to it or wrote into it; use another backup',
	});
}

/** The SHA-256 of a file as it lies there, without a look inside. */
export async function hashFile(path: string, signal: AbortSignal): Promise<string> {
	const stored = new HashingCounter();
	const discard = new Writable({ write: (_chunk, _encoding, callback) => callback() });
	try {
		await pipeline(createReadStream(path, { highWaterMark: 1024 * 1024 }), stored, discard, { signal });
	} catch (error) {
		throw signal.aborted ? cancelledError(error) : fileError(error, path);
	}
	return stored.digest();
}

/** An error met while reading an artifact: of the file, or of its compression. */
export function artifactReadError(error: unknown, path: string): BackupError {
	if (error instanceof BackupError) return error;
	const code = errorCode(error) ?? '';
	const advice = 'Use another backup; verify the others before you rely on them';
	if (code === 'Z_BUF_ERROR' || code === 'ZSTD_error_srcSize_wrong') {
		return new BackupError('incomplete', `${path} ends before its compressed stream does`, {
			advice,
			cause: error,
		});
	}
	if (code.startsWith('Z_') || code.startsWith('ZSTD_') || code.startsWith('ERR_ZSTD')) {
		return new BackupError('damaged', `${path} cannot be decompressed: ${errorMessage(error)}`, {
			advice,
			cause: error,
		});
	}
	return fileError(error, path);
}
