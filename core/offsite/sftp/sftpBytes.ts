import { hasCode } from '../../errors';
import type { Content } from '../content';
import { cutOff } from '../faults';
import { LentMemory } from '../lentMemory';
import type { OpenRemote, SftpCalls } from './sftpCalls';

/** Every server takes this much in one request. */
const pieceBytes = 32 * 1024;

/** Requests on their way at a time: over a long line each one waits for its answer. */
const requestsAtOnce = 32;

/** Of the content, read at a time. */
const readBytes = 8 * pieceBytes;

/**
 * Writes all of a content, many requests at a time: as many as there is memory for. What the file holds of it from
 * the start on is compared and not written again.
 */
export async function writeAll(
	calls: SftpCalls,
	file: OpenRemote,
	content: Content,
	signal: AbortSignal,
): Promise<void> {
	const memory = new LentMemory(requestsAtOnce * pieceBytes);
	const failing = new AbortController();
	const write = async (bytes: Buffer, position: number) => {
		const requests: Array<Promise<void>> = [];
		for (let start = 0; start < bytes.length; start += pieceBytes) {
			const piece = bytes.subarray(start, start + pieceBytes);
			requests.push(calls.write(file, piece, position + start, signal));
		}
		try {
			await Promise.all(requests);
			memory.giveBack(bytes);
		} catch (error) {
			memory.letGo(bytes);
			failing.abort(error);
		}
	};
	const underWay = new Set<Promise<void>>();
	await using reader = content.open();
	const there = readAll(calls, file, signal);
	let isThere = true;
	let position = 0;
	do {
		const bytes = await memory.take(Math.min(readBytes, content.bytes - position));
		failing.signal.throwIfAborted();
		await reader.read(bytes);
		isThere &&= await holds(there, bytes);
		if (isThere) {
			memory.giveBack(bytes);
		} else {
			const writing: Promise<void> = write(bytes, position).finally(() => underWay.delete(writing));
			underWay.add(writing);
		}
		position += bytes.length;
	} while (position < content.bytes);
	await Promise.all(underWay);
	failing.signal.throwIfAborted();
}

/** Whether what is read next is the same. Where it cannot be read, as what was opened to be written, it counts as another. */
async function holds(there: AsyncGenerator<Buffer, void>, bytes: Buffer): Promise<boolean> {
	try {
		for (let start = 0; start < bytes.length; start += pieceBytes) {
			const { value } = await there.next();
			if (!value?.equals(bytes.subarray(start, start + pieceBytes))) return false;
		}
		return true;
	} catch (error) {
		if (hasCode(error, 'unreachable') || hasCode(error, 'cancelled')) throw error;
		return false;
	}
}

/** All of a file in order, many requests ahead. */
export async function* readAll(
	calls: SftpCalls,
	file: OpenRemote,
	signal: AbortSignal,
): AsyncGenerator<Buffer, void> {
	const size = await calls.sizeOf(file, signal);
	const ahead: Array<Promise<Buffer>> = [];
	let asked = 0;
	for (let position = 0; position < size;) {
		while (asked < size && ahead.length < requestsAtOnce) {
			const reading = readPiece(
				calls,
				file,
				{ at: asked, length: Math.min(pieceBytes, size - asked) },
				signal,
			);
			reading.catch(() => {});
			ahead.push(reading);
			asked += pieceBytes;
		}
		const piece = await ahead.shift()!;
		position += piece.length;
		yield piece;
	}
}

async function readPiece(
	calls: SftpCalls,
	file: OpenRemote,
	{ at, length }: { at: number; length: number },
	signal: AbortSignal,
): Promise<Buffer> {
	const piece = Buffer.allocUnsafeSlow(length);
	for (let filled = 0; filled < length;) {
		const got = await calls.read(file, piece.subarray(filled), at + filled, signal);
		if (got === 0) throw cutOff(`${calls.place}/${file.name}`);
		filled += got;
	}
	return piece;
}
