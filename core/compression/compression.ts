import type { Transform } from 'node:stream';
import { constants, createGunzip, createZstdCompress, type Gunzip, type ZstdDecompress } from 'node:zlib';
import { BackupError } from '../errors';
import { withoutAge } from '../encryption/ageName';
import { ParallelGzip } from './parallelGzip';
import { WholeZstdDecompress } from './zstdDecompress';

export const compressionMethods = ['none', 'gzip', 'zstd'] as const;

export type CompressionMethod = (typeof compressionMethods)[number];

export interface Compression {
	method: CompressionMethod;
	/** gzip: 1 to 9, zstd: 1 to 19. Undefined: gzip 5, and {@link balancedZstd}. */
	level?: number;
}

/**
 * Method and level as somebody chose them.
 *
 * @throws BackupError `bad-parameter` for a level that the method does not have
 */
export function chosenCompression(method: CompressionMethod, level?: number): Compression {
	const highest = method === 'gzip' ? 9 : 19;
	if (level !== undefined && !(Number.isInteger(level) && level >= 1 && level <= highest)) {
		throw new BackupError('bad-parameter', `${method} has no compression level ${level}`, {
			advice: `Choose a whole number from 1 to ${highest}`,
		});
	}
	return { method, level };
}

/** Bytes taken from a compressor or decompressor at a time: fewer, larger steps are fewer trips between threads. */
const chunkSize = 1024 * 1024;

/**
 * Zstd's fastest search with a larger window and table than it has by itself (19 and 14), but not so large that they
 * no longer fit a core's own cache beside what else is at work. On an n8n database and on a tree of packages the
 * result is four per cent larger than level 3's, in seven tenths of the time. A window of 4 MB would gain these four
 * per cent, for up to a quarter more time.
 */
const balancedZstd = {
	[constants.ZSTD_c_compressionLevel]: 1,
	[constants.ZSTD_c_windowLog]: 20,
	[constants.ZSTD_c_hashLog]: 15,
};

/**
 * Every write to a compressor asks to wait until it is done with the chunk, whose memory may then be used again.
 * What it yields waits for nobody up to this size, so that it goes on while the file is written.
 */
const waterMarks = { writableHighWaterMark: 1, readableHighWaterMark: 4 * chunkSize };

const extensions: Record<CompressionMethod, string> = { none: '', gzip: '.gz', zstd: '.zst' };

/** What a compressed file's name ends with: `.gz`, `.zst` or nothing. */
export function compressionExtension(method: CompressionMethod): string {
	return extensions[method];
}

/** The method that a file name stands for; an encrypted file was compressed before. */
export function compressionOf(fileName: string): CompressionMethod {
	const name = withoutAge(fileName);
	if (name.endsWith('.gz')) return 'gzip';
	if (name.endsWith('.zst')) return 'zstd';
	return 'none';
}

/**
 * A transform that compresses off the main thread; undefined where nothing gets compressed. A chunk's memory
 * may be used again as soon as the transform asks for the next one.
 */
export function createCompressor({ method, level }: Compression): Transform | undefined {
	switch (method) {
		case 'none':
			return undefined;
		case 'gzip':
			return new ParallelGzip({ level });
		case 'zstd':
			return createZstdCompress({
				...waterMarks,
				chunkSize,
				params: {
					...(level === undefined ? balancedZstd : { [constants.ZSTD_c_compressionLevel]: level }),
					[constants.ZSTD_c_checksumFlag]: 1,
				},
			});
	}
}

/** The inverse of {@link createCompressor}, in the same way. It fails on a stream that was cut short. */
export function createDecompressor(method: CompressionMethod): Gunzip | ZstdDecompress | undefined {
	switch (method) {
		case 'none':
			return undefined;
		case 'gzip':
			return createGunzip({ ...waterMarks, chunkSize });
		case 'zstd':
			return new WholeZstdDecompress({ ...waterMarks, chunkSize });
	}
}
