import { pipeline } from 'node:stream/promises';
import { setImmediate } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createZstdDecompress, zstdDecompress } from 'node:zlib';
import { discard } from '../blocks';
import type { DataFrameHeader, FrameFollower } from './frameFollower';
import { type FramePart, frameParts } from './frameParts';
import { SeekTableCheck, seekTableMagic } from './seekTable';
import { zstdError } from './zstdError';

const decompressFrame = promisify(zstdDecompress);

/** Content of the largest frame that is decompressed at one go, beside others. */
const mostAtOnce = 8 * 1024 * 1024;
/** Frames decompressed at the same time; libuv's pool has four threads by default. */
const concurrency = 3;
/** Bytes passed on at a time: whoever takes them may need a while for each. */
const pieceBytes = 1024 * 1024;

/** Each write to a decoder asks to wait until it is done with the bytes, whose memory is used again. */
const waterMarks = { writableHighWaterMark: 1, readableHighWaterMark: 4 * pieceBytes };

/**
 * Decompresses zstd, off the calling thread: frame after frame, several at once where they are small and say how large
 * they are, and one by one as a stream where not. (Node's own decompressor returns the first frame alone, and in Node 22
 * takes one that was cut for a whole one.) Where there is a seek table, the frames are compared with it.
 *
 * @param pieces each valid until the next one is asked for
 * @param isLent whether what is yielded is valid only until the next one is asked for, too
 * @throws an error with a code of zlib's own or a {@link ZstdErrorCode}
 */
export async function* decompressZstd(
	pieces: AsyncIterable<Buffer>,
	isLent = false,
): AsyncGenerator<Buffer, void> {
	const parts = frameParts(pieces);
	const check = new SeekTableCheck();
	const inFlight: FrameInFlight[] = [];
	let isAtEnd = false;
	try {
		for (let part = await parts.next(); !part.done; part = await parts.next()) {
			if (isAtEnd) throw zstdError('ZSTD_BEHIND_END', 'the file goes on behind its seek table');
			const first = await gather(part.value, parts);
			const { frame, bytes } = first;
			const { header } = frame;
			if (header?.kind === 'data' && frame.isWhole && isSmall(frame)) {
				inFlight.push(startFrame(bytes, header));
				if (inFlight.length >= concurrency) yield* finishFrame(inFlight.shift()!, check, isLent);
				continue;
			}
			while (inFlight.length > 0) yield* finishFrame(inFlight.shift()!, check, isLent);
			if (header?.kind === 'skippable') isAtEnd = await readSkippable(first, parts, check);
			else yield* streamFrame(first, parts, check);
		}
		while (inFlight.length > 0) yield* finishFrame(inFlight.shift()!, check, isLent);
	} finally {
		await parts.return();
	}
}

/** Takes parts of a frame, into memory of their own, until it is whole or known to be none that is decompressed at one go. */
async function gather(
	first: FramePart,
	parts: AsyncGenerator<FramePart, void>,
): Promise<{ frame: FrameFollower; bytes: Buffer<ArrayBuffer> }> {
	const { frame } = first;
	const gathered = [Buffer.from(first.bytes)];
	while (!frame.isWhole && (frame.header === undefined || isSmall(frame))) {
		gathered.push(Buffer.from(await nextBytes(parts)));
	}
	return { frame, bytes: join(gathered) };
}

function join(parts: Array<Buffer<ArrayBuffer>>): Buffer<ArrayBuffer> {
	if (parts.length === 1) return parts[0]!;
	const whole = Buffer.concat(parts);
	parts.forEach(discard);
	return whole;
}

/** Whether it is, so far, one that is decompressed at one go. */
function isSmall({ header, bytes }: FrameFollower): boolean {
	return (
		header?.kind === 'data' && (header.contentBytes ?? Infinity) <= mostAtOnce && bytes <= 2 * mostAtOnce
	);
}

/** More of the frame that is not whole yet. */
async function nextBytes(parts: AsyncGenerator<FramePart, void>): Promise<Buffer> {
	const part = await parts.next();
	// It would have been an error.
	if (part.done) throw zstdError('Z_BUF_ERROR', 'unexpected end of file');
	return part.value.bytes;
}

interface FrameInFlight {
	compressed: Buffer<ArrayBuffer>;
	hasChecksum: boolean;
	content: Promise<Buffer<ArrayBuffer>>;
}

function startFrame(
	compressed: Buffer<ArrayBuffer>,
	{ contentBytes = 0, hasChecksum }: DataFrameHeader,
): FrameInFlight {
	// With room for all of it, and some more to see that it is all, zlib decompresses a frame in one step.
	const content = decompressFrame(compressed, { chunkSize: contentBytes + 64 });
	// It is awaited in its turn; until then a failure must not count as unhandled.
	content.catch(() => {});
	return { compressed, hasChecksum, content };
}

async function* finishFrame(
	{ compressed, hasChecksum, content }: FrameInFlight,
	check: SeekTableCheck,
	isLent: boolean,
): AsyncGenerator<Buffer, void> {
	const raw = await content;
	check.see(
		hasChecksum
			? {
					compressedBytes: compressed.length,
					rawBytes: raw.length,
					checksum: compressed.readUInt32LE(compressed.length - 4),
				}
			: undefined,
	);
	discard(compressed);
	for (let at = 0; at < raw.length; at += pieceBytes) {
		yield raw.subarray(at, at + pieceBytes);
		// Those that are done already would follow one another without anybody else's turn.
		await setImmediate();
	}
	if (isLent) discard(raw);
}

/** A frame of any size, and of one that it does not say. */
async function* streamFrame(
	first: FramePart,
	parts: AsyncGenerator<FramePart, void>,
	check: SeekTableCheck,
): AsyncGenerator<Buffer, void> {
	const decoder = createZstdDecompress({ ...waterMarks, chunkSize: pieceBytes });
	const feeding = pipeline(bytesOf(first, parts), decoder);
	// What went wrong is thrown by reading, too.
	feeding.catch(() => {});
	yield* decoder as AsyncIterable<Buffer>;
	await feeding;
	check.see(undefined);
}

async function* bytesOf(
	first: FramePart,
	parts: AsyncGenerator<FramePart, void>,
): AsyncGenerator<Buffer, void> {
	yield first.bytes;
	while (!first.frame.isWhole) yield await nextBytes(parts);
}

/** @returns whether it was the seek table, behind which nothing may follow */
async function readSkippable(
	first: FramePart,
	parts: AsyncGenerator<FramePart, void>,
	check: SeekTableCheck,
): Promise<boolean> {
	const isCandidate = first.frame.header?.kind === 'skippable' && first.frame.header.magic === seekTableMagic;
	let headerBytes = 8;
	for await (const bytes of bytesOf(first, parts)) {
		if (isCandidate) check.read(bytes.subarray(headerBytes));
		headerBytes = 0;
	}
	if (!isCandidate) return false;
	const verdict = check.verdict();
	if (verdict === 'different')
		throw zstdError('ZSTD_OTHER_FRAMES', 'its frames are not those that its seek table lists');
	return verdict === 'same';
}
