import { PassThrough, type Transform } from 'node:stream';
import { constants, createGunzip, createZstdCompress } from 'node:zlib';
import { ParallelGzip } from './parallelGzip';
import { WholeZstdDecompress } from './zstdDecompress';

export const compressionMethods = ['none', 'gzip', 'zstd'] as const;

export type CompressionMethod = (typeof compressionMethods)[number];

export interface Compression {
	method: CompressionMethod;
	/** gzip: 1 to 9, zstd: 1 to 19. Undefined: gzip 5, and {@link balancedZstd}. */
	level?: number;
}

/** Bytes taken from a compressor or decompressor at a time: fewer, larger steps are fewer trips between threads. */
const chunkSize = 1024 * 1024;

/**
 * Zstd's fastest search with a larger window and table than it has by itself (19 and 14). On an n8n database and
 * on a tree of packages the result is as small as level 3's, in two thirds of the time.
 */
const balancedZstd = {
	[constants.ZSTD_c_compressionLevel]: 1,
	[constants.ZSTD_c_windowLog]: 22,
	[constants.ZSTD_c_hashLog]: 17,
};

const extensions: Record<CompressionMethod, string> = { none: '', gzip: '.gz', zstd: '.zst' };

/** What a compressed file's name ends with: `.gz`, `.zst` or nothing. */
export function compressionExtension(method: CompressionMethod): string {
	return extensions[method];
}

/** The method that a file name stands for. */
export function compressionOf(fileName: string): CompressionMethod {
	if (fileName.endsWith('.gz')) return 'gzip';
	if (fileName.endsWith('.zst')) return 'zstd';
	return 'none';
}

/** A transform that compresses off the main thread. */
export function createCompressor({ method, level }: Compression): Transform {
	switch (method) {
		case 'none':
			return new PassThrough();
		case 'gzip':
			return new ParallelGzip({ level });
		case 'zstd':
			return createZstdCompress({
				chunkSize,
				params: {
					...(level === undefined ? balancedZstd : { [constants.ZSTD_c_compressionLevel]: level }),
					[constants.ZSTD_c_checksumFlag]: 1,
				},
			});
	}
}

/** The inverse of {@link createCompressor}. It fails on a stream that was cut short. */
export function createDecompressor(method: CompressionMethod): Transform {
	switch (method) {
		case 'none':
			return new PassThrough();
		case 'gzip':
			return createGunzip({ chunkSize });
		case 'zstd':
			return new WholeZstdDecompress({ chunkSize });
	}
}
