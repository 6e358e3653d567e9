import { BackupError } from '../../errors';
import type { CompressionMethod } from '../../compression/compression';
import type { GrowingFile } from './growingFile';
import { type ConsumeRaw, readStored } from '../readArtifact';

const pieceBytes = 1024 * 1024;

/**
 * Reads a file back while it is being written: decompresses it, hands the raw bytes to `consume`, and compares the
 * stored ones with what was written. Following the writer takes hardly longer than writing alone, where reading
 * afterwards took half as long again.
 *
 * @throws BackupError `damaged` or `incomplete` when the file does not hold what was written into it; whatever
 * `consume` throws
 */
export async function readBack(
	file: GrowingFile,
	compression: CompressionMethod,
	consume: ConsumeRaw,
	signal: AbortSignal,
): Promise<void> {
	const { sha256 } = await readStored(follow(file), { path: file.path, compression }, consume, signal);
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
