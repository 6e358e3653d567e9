import { createHash } from 'node:crypto';
import { read } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import type { Gunzip } from 'node:zlib';
import { openRegularFile } from '../files/openRegularFile';
import { BackupError, cancelledError, errorCode, errorMessage, fileError } from '../errors';
import { type CompressionMethod, createDecompressor } from '../compression/compression';
import { type DecryptionKeys, type FindFileKey, openHeader } from '../encryption';
import { plainPieces } from './plainPieces';

const readAt = promisify(read);

/** Bytes read at a time. */
const pieceBytes = 1024 * 1024;

export interface ReadArtifactRequest {
	path: string;
	/** Of the file, where it is open already: then its path is for errors only. It stays open. */
	descriptor?: number;
	compression: CompressionMethod;
	/** Whether it is encrypted; told by its name and its first bytes when undefined. */
	isEncrypted?: boolean;
	/** For one that is encrypted. */
	keys?: DecryptionKeys;
	/** Called with the raw bytes read so far. */
	onBytes?: (rawBytes: number) => void;
	/** Whether `consume` is done with a piece when it asks for the next; false by default. */
	isLent?: boolean;
}

/** What was found out about an artifact's bytes in passing. */
export interface ArtifactMeasures {
	storedBytes: number;
	rawBytes: number;
	/** Hex digest of the stored bytes. */
	sha256: string;
	isEncrypted: boolean;
}

/** Takes an artifact's raw bytes, piece by piece; it reads them to their end or throws. */
export type ConsumeRaw = (raw: AsyncIterable<Buffer>) => Promise<void>;

/**
 * Reads an artifact once, from its first byte to its last: the stored bytes are hashed, decrypted where they are
 * encrypted, decompressed, and handed to `consume` with back-pressure.
 *
 * @throws BackupError `damaged` or `incomplete` when encryption or compression does not hold, `auth` when no key was
 * given that fits, whatever {@link fileError} says of the file, and whatever `consume` throws
 */
export async function readArtifact(
	request: ReadArtifactRequest,
	consume: ConsumeRaw,
	signal: AbortSignal,
): Promise<ArtifactMeasures> {
	const findFileKey = async (header: Buffer) => await fileKeyIn(header, request);
	// What a decompressor is done with may be overwritten; what is not compressed goes on to whoever consumes it.
	const isLent = request.isLent === true || request.compression !== 'none';
	return await readStored(storedPieces(request, isLent), { ...request, findFileKey }, consume, signal);
}

/**
 * An artifact's bytes as they were before they were encrypted; each piece lies in memory of its own.
 *
 * @throws as the file system does; BackupError as {@link decryptAge}, and `auth` when no key was given that fits
 */
export function readPlain(
	request: Pick<ReadArtifactRequest, 'path' | 'descriptor' | 'isEncrypted' | 'keys'>,
): AsyncGenerator<Buffer, void> {
	const findFileKey = async (header: Buffer) => await fileKeyIn(header, request);
	return plainPieces(storedPieces(request), { ...request, findFileKey });
}

async function fileKeyIn(
	header: Buffer,
	{ path, keys }: Pick<ReadArtifactRequest, 'path' | 'keys'>,
): Promise<Buffer> {
	if (keys) return await openHeader(header, keys, path);
	throw new BackupError('auth', `${path} is encrypted, and there is no key to read it with`, {
		advice:
			'Give the identity of one of its recipients, or its passphrase: in the credential Backup Encryption (age), or with --identity',
	});
}

/** {@link ReadArtifactRequest} of bytes from wherever. */
export interface ReadStoredRequest extends Pick<
	ReadArtifactRequest,
	'path' | 'compression' | 'isEncrypted' | 'onBytes' | 'isLent'
> {
	/** Asked where it is encrypted. */
	findFileKey: FindFileKey;
}

/** {@link readArtifact} of stored bytes that come from elsewhere; a piece is used up when the next is asked for. */
export async function readStored(
	pieces: AsyncIterable<Buffer>,
	request: ReadStoredRequest,
	consume: ConsumeRaw,
	signal: AbortSignal,
): Promise<ArtifactMeasures> {
	const { path, compression, onBytes } = request;
	const stored = new Meter();
	const plain = new Meter();
	const raw = new Meter();
	const hash = createHash('sha256');
	const hashed = stored.count(pieces, (piece) => hash.update(piece));
	let isEncrypted = false;
	const findFileKey = async (header: Buffer) => {
		isEncrypted = true;
		return await request.findFileKey(header);
	};
	const plainBytes = plain.count(plainPieces(hashed, { ...request, findFileKey }), () => {});
	const decompressor = createDecompressor(compression, request.isLent);
	let consumed: { error: unknown } | undefined;
	const consumeAll = async (source: AsyncIterable<Buffer>) => {
		await consume(raw.count(source, () => onBytes?.(raw.bytes))).catch((error: unknown) => {
			consumed = { error };
			throw error;
		});
	};
	try {
		if (typeof decompressor === 'function') {
			await pipeline(plainBytes, decompressor, consumeAll, { signal });
		} else if (decompressor) {
			await pipeline(plainBytes, decompressor, consumeAll, { signal });
			assertNothingBehind(decompressor, plain.bytes, path);
		} else {
			await pipeline(plainBytes, consumeAll, { signal });
		}
	} catch (error) {
		if (signal.aborted) throw cancelledError(error);
		// In Node 22 a pipeline says only that it was aborted when its last function throws.
		const isAbortedByConsumer = consumed !== undefined && errorCode(error) === 'ABORT_ERR';
		throw artifactReadError(isAbortedByConsumer ? consumed?.error : error, path);
	}
	return { storedBytes: stored.bytes, rawBytes: raw.bytes, sha256: hash.digest('hex'), isEncrypted };
}

/** Node's gunzip stops reading at the end of a compressed stream and says nothing of what follows. */
function assertNothingBehind(
	{ bytesWritten }: Pick<Gunzip, 'bytesWritten'>,
	compressedBytes: number,
	path: string,
): void {
	if (bytesWritten !== compressedBytes) throw goesOnBehindEnd(path);
}

function goesOnBehindEnd(path: string): BackupError {
	return new BackupError('damaged', `${path} goes on behind the end of its compressed stream`, {
		advice: 'Something was appended to it or wrote into it; use another backup',
	});
}

/** The SHA-256 of a file as it lies there, without a look inside. */
export async function hashFile(path: string, signal: AbortSignal): Promise<string> {
	const request = { path, compression: 'none', isEncrypted: false } as const;
	const { sha256 } = await readArtifact(request, passOver, signal);
	return sha256;
}

async function passOver(raw: AsyncIterable<Buffer>): Promise<void> {
	for await (const piece of raw) void piece;
}

/** @param isLent whether each piece may take the place of the one before; otherwise it lies in memory of its own */
async function* storedPieces(
	{ path, descriptor }: Pick<ReadArtifactRequest, 'path' | 'descriptor'>,
	isLent = false,
): AsyncGenerator<Buffer, void> {
	if (descriptor !== undefined) {
		yield* piecesOf(descriptor, isLent);
		return;
	}
	await using file = await openRegularFile(path);
	yield* piecesOf(file.fd, isLent);
}

/**
 * Not by a stream of node:fs: one that is left half way still reads when its descriptor is closed, or is somebody
 * else's by then.
 */
async function* piecesOf(fd: number, isLent: boolean): AsyncGenerator<Buffer, void> {
	const lent = isLent ? Buffer.allocUnsafeSlow(pieceBytes) : undefined;
	// From a position of its own, so that one descriptor can be read more than once.
	for (let position = 0; ;) {
		const piece = lent ?? Buffer.allocUnsafeSlow(pieceBytes);
		const { bytesRead } = await readAt(fd, piece, 0, pieceBytes, position);
		if (bytesRead === 0) return;
		position += bytesRead;
		yield piece.subarray(0, bytesRead);
	}
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
	if (code === 'ZSTD_BEHIND_END') return goesOnBehindEnd(path);
	if (code.startsWith('Z_') || code.startsWith('ZSTD_') || code.startsWith('ERR_ZSTD')) {
		return new BackupError('damaged', `${path} cannot be decompressed: ${errorMessage(error)}`, {
			advice,
			cause: error,
		});
	}
	return fileError(error, path);
}

/** Counts bytes that go past. */
class Meter {
	bytes = 0;

	/**
	 * Passes pieces on as they are.
	 *
	 * @param see called with each piece, after it was counted
	 */
	async *count(pieces: AsyncIterable<Buffer>, see: (piece: Buffer) => void): AsyncGenerator<Buffer, void> {
		for await (const piece of pieces) {
			this.bytes += piece.length;
			see(piece);
			yield piece;
		}
	}
}
