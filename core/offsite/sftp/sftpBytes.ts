import type { Content } from '../content';
import { cutOff } from '../faults';
import type { OpenRemote, SftpCalls } from './sftpCalls';

/** Every server takes this much in one request. */
const pieceBytes = 32 * 1024;

/** Requests on their way at a time: over a long line each one waits for its answer. */
const requestsAtOnce = 32;

/** Writes all of a content, many requests at a time. */
export async function writeAll(
	calls: SftpCalls,
	file: OpenRemote,
	content: Content,
	signal: AbortSignal,
): Promise<void> {
	const underWay = new Set<Promise<unknown>>();
	let position = 0;
	for await (const piece of content.pieces()) {
		for (let start = 0; start < piece.length; start += pieceBytes) {
			const part = piece.subarray(start, start + pieceBytes);
			const writing: Promise<unknown> = calls
				.write(file, part, position, signal)
				.finally(() => underWay.delete(writing));
			position += part.length;
			// A failure while nobody waits is remembered by the set, and thrown at the next turn.
			writing.catch(() => underWay.add(writing));
			underWay.add(writing);
			if (underWay.size >= requestsAtOnce) await Promise.race(underWay);
		}
	}
	await Promise.all(underWay);
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
