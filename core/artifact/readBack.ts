import { open } from 'node:fs/promises';
import { BackupError } from '../errors';
import { type ConsumeRaw, type ReadArtifactRequest, readStored } from './readArtifact';
import type { StoredStream } from './storedStream';

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
	request: ReadArtifactRequest,
	written: StoredStream,
	consume: ConsumeRaw,
	signal: AbortSignal,
): Promise<void> {
	const { sha256 } = await readStored(follow(request.path, written), request, consume, signal);
	if (sha256 !== written.sha256) throw otherThanWritten(request.path);
}

/** What is in the file, as far as it was written, waiting for more. Each piece takes the place of the one before. */
async function* follow(path: string, written: StoredStream): AsyncGenerator<Buffer, void> {
	await using file = await open(path, 'r');
	const buffer = Buffer.allocUnsafeSlow(pieceBytes);
	let at = 0;
	while (at < written.bytes || (await written.grows())) {
		const { bytesRead } = await file.read(buffer, 0, Math.min(pieceBytes, written.bytes - at), at);
		if (bytesRead === 0) throw otherThanWritten(path);
		at += bytesRead;
		yield buffer.subarray(0, bytesRead);
	}
}

function otherThanWritten(path: string): BackupError {
	return new BackupError('damaged', `${path} does not hold what was written into it`, {
		advice: 'Check the memory and the disks of this machine, then run it again',
	});
}
