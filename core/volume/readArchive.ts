import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { CompressionMethod } from '../artifact/compression';
import { createDecompressor } from '../artifact/compression';
import { BackupError, cancelledError, errorCode, errorMessage, fileError } from '../errors';
import { sniffCompression } from './sniffCompression';

export interface ReadArchiveOptions {
	path: string;
	/** Told by the file's first bytes when undefined. */
	compression?: CompressionMethod;
	signal?: AbortSignal;
}

const chunkBytes = 1024 * 1024;

/**
 * Reads an archive file through its decompression and gives the raw bytes to `consume`, whose result it returns.
 *
 * @throws BackupError `damaged` when the compressed stream is broken or cut, `cancelled` when the signal fires,
 * and whatever `consume` throws
 */
export async function readArchive<Result>(
	{ path, compression, signal }: ReadArchiveOptions,
	consume: (raw: AsyncIterable<Buffer>) => Promise<Result>,
): Promise<Result> {
	const method = compression ?? (await sniffCompression(path));
	const file = createReadStream(path, { highWaterMark: chunkBytes });
	let result: Result | undefined;
	try {
		await pipeline(
			file,
			createDecompressor(method),
			async (raw: AsyncIterable<Buffer>) => {
				result = await consume(raw);
			},
			{ signal },
		);
	} catch (error) {
		throw explain(error, path, signal);
	}
	return result as Result;
}

function explain(error: unknown, path: string, signal?: AbortSignal): BackupError {
	if (signal?.aborted) return cancelledError(error);
	const code = errorCode(error) ?? '';
	if (!/^(Z_|ZSTD_|ERR_ZLIB)/.test(code)) return fileError(error, path);
	return new BackupError(
		'damaged',
		`The compressed data of ${path} is damaged or cut off: ${errorMessage(error)}`,
		{
			advice: 'Use another backup; this one cannot be restored whole',
			cause: error,
		},
	);
}
