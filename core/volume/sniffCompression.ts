import { read } from 'node:fs';
import { promisify } from 'node:util';
import { openRegularFile } from '../files/openRegularFile';
import type { CompressionMethod } from '../compression/compression';
import { fileError } from '../errors';

const promisedRead = promisify(read);

/**
 * The compression of a file by its first bytes (RFC 1952, RFC 8878), whatever it is named: a file is verified
 * before it has its final name.
 *
 * @param descriptor of the file, where it is open already
 * @throws BackupError when it cannot be read
 */
export async function sniffCompression(path: string, descriptor?: number): Promise<CompressionMethod> {
	try {
		if (descriptor !== undefined) return await sniff(descriptor);
		await using file = await openRegularFile(path);
		return await sniff(file.fd);
	} catch (error) {
		throw fileError(error, path);
	}
}

async function sniff(descriptor: number): Promise<CompressionMethod> {
	const { buffer } = await promisedRead(descriptor, Buffer.alloc(4), 0, 4, 0);
	if (buffer.readUInt16BE() === 0x1f8b) return 'gzip';
	if (buffer.readUInt32LE() === 0xfd2fb528) return 'zstd';
	return 'none';
}
