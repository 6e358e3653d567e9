import { readPlain } from '../artifact/readArtifact';
import type { CompressionMethod } from '../compression/compression';
import type { DecryptionKeys } from '../encryption';
import { fileError } from '../errors';

export interface SniffOptions {
	/** Of the file, where it is open already. */
	descriptor?: number;
	/** For a file that is encrypted. */
	keys?: DecryptionKeys;
}

/**
 * The compression of a file by its first bytes (RFC 1952, RFC 8878), whatever it is named: a file is verified
 * before it has its final name. Of an encrypted one they are those that were encrypted.
 *
 * @throws BackupError when it cannot be read, `auth` without a key that fits
 */
export async function sniffCompression(path: string, options: SniffOptions = {}): Promise<CompressionMethod> {
	try {
		for await (const piece of readPlain({ path, ...options })) return compressionIn(piece);
		return 'none';
	} catch (error) {
		throw fileError(error, path);
	}
}

function compressionIn(firstBytes: Buffer): CompressionMethod {
	if (firstBytes.length < 4) return 'none';
	if (firstBytes.readUInt16BE() === 0x1f8b) return 'gzip';
	if (firstBytes.readUInt32LE() === 0xfd2fb528) return 'zstd';
	return 'none';
}
