import { BackupError } from '../../errors';
import type { CompressionMethod } from '../../compression/compression';
import type { SealedHeader } from '../../encryption';
import type { GrowingFile } from './growingFile';
import { type ConsumeRaw, readStored } from '../readArtifact';

const pieceBytes = 1024 * 1024;

/** What was done to the raw bytes on their way into the file. */
interface Treatment {
	compression: CompressionMethod;
	/** What they were encrypted with, where they were. */
	seal?: SealedHeader;
}

/**
 * Reads a file back while it is being written: decrypts and decompresses it, hands the raw bytes to `consume`, and compares the
 * stored ones with what was written. Following the writer takes hardly longer than writing alone, where reading
 * afterwards took half as long again.
 *
 * @throws BackupError `damaged` or `incomplete` when the file does not hold what was written into it; whatever
 * `consume` throws
 */
export async function readBack(
	file: GrowingFile,
	{ compression, seal }: Treatment,
	consume: ConsumeRaw,
	signal: AbortSignal,
): Promise<void> {
	const findFileKey = async (header: Buffer): Promise<Buffer> => {
		if (!seal || !header.equals(seal.header)) throw otherThanWritten(file);
		return await Promise.resolve(seal.fileKey);
	};
	const isEncrypted = seal !== undefined;
	// As what is not encrypted is lent by `follow`.
	const request = { path: file.path, compression, isEncrypted, findFileKey, isLent: true };
	const { sha256 } = await readStored(follow(file), request, consume, signal);
	if (sha256 !== file.sha256) throw otherThanWritten(file);
}

/** What is in the file, waiting for more. Each piece takes the place of the one before. */
async function* follow(file: GrowingFile): AsyncGenerator<Buffer, void> {
	const buffer = Buffer.allocUnsafeSlow(pieceBytes);
	let at = 0;
	for (;;) {
		await file.reaches(at + pieceBytes);
		if (at === file.bytes) return;
		const bytesRead = await file.read(buffer, Math.min(pieceBytes, file.bytes - at), at);
		if (bytesRead === 0) throw otherThanWritten(file);
		at += bytesRead;
		yield buffer.subarray(0, bytesRead);
	}
}

function otherThanWritten({ path }: GrowingFile): BackupError {
	return new BackupError('damaged', `${path} does not hold what was written into it`, {
		advice: 'Check the memory and the disks of this machine, then run it again',
	});
}
