import { open } from 'node:fs/promises';
import type { CompressionMethod } from '../compression/compression';
import { fileError } from '../errors';

/**
 * The compression of a file by its first bytes (RFC 1952, RFC 8878), whatever it is named: a file is verified
 * before it has its final name.
 *
 * @throws BackupError when it cannot be read
 */
export async function sniffCompression(path: string): Promise<CompressionMethod> {
	try {
		await using file = await open(path);
		const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 0);
		if (buffer.readUInt16BE() === 0x1f8b) return 'gzip';
		if (buffer.readUInt32LE() === 0xfd2fb528) return 'zstd';
		return 'none';
	} catch (error) {
		throw fileError(error, path);
	}
}
