import type { Transform } from 'node:stream';
import { createGunzip, type Gunzip } from 'node:zlib';
import { BackupError } from '../errors';
import { withoutAge } from '../encryption/ageName';
import { decompressZstd } from './decompressZstd';
import { parallelGzip } from './parallelGzip';
import { zstdFrames } from './zstdFrames';

export const compressionMethods = ['none', 'gzip', 'zstd'] as const;

export type CompressionMethod = (typeof compressionMethods)[number];

export interface Compression {
	method: CompressionMethod;
	/** gzip: 1 to 9, zstd: 1 to 19. Undefined: what is the best for its time. */
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

/** Bytes taken from gunzip at a time: fewer, larger steps are fewer trips between threads. */
const chunkSize = 1024 * 1024;

/**
 * Every write asks to wait until gunzip is done with the chunk, whose memory may then be used again. What it yields
 * waits for nobody up to this size.
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
 * A transform that compresses off the main thread, on several cores; undefined where nothing gets compressed. A
 * chunk's memory may be used again as soon as the transform asks for the next one.
 */
export function createCompressor({ method, level }: Compression): Transform | undefined {
	switch (method) {
		case 'none':
			return undefined;
		case 'gzip':
			return parallelGzip({ level });
		case 'zstd':
			return zstdFrames({ level });
	}
}

/** A stage of a pipeline. */
export type Decompressor = Gunzip | ((pieces: AsyncIterable<Buffer>) => AsyncGenerator<Buffer, void>);

/**
 * The inverse of {@link createCompressor}, in the same way. It fails on a stream that was cut short.
 *
 * @param isLent whether its reader is done with a piece when it asks for the next one
 */
export function createDecompressor(method: CompressionMethod, isLent = false): Decompressor | undefined {
	switch (method) {
		case 'none':
			return undefined;
		case 'gzip':
			return createGunzip({ ...waterMarks, chunkSize });
		case 'zstd':
			return (pieces) => decompressZstd(pieces, isLent);
	}
}
