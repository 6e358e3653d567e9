import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import { constants, createZstdCompress, zstdCompressSync } from 'node:zlib';
import { decompressZstd } from '../../../core/compression/decompressZstd';
import { seekTable } from '../../../core/compression/seekTable';
import { zstdFrames } from '../../../core/compression/zstdFrames';
import { expectSameBytes } from '../../support/sameBytes';

/** In pieces whose memory is written over as soon as the next one is asked for. */
async function* lend(stored: Buffer, pieceBytes: number): AsyncGenerator<Buffer, void> {
	const memory = Buffer.alloc(pieceBytes);
	for (let at = 0; at < stored.length; at += pieceBytes) {
		const length = stored.copy(memory, 0, at, at + pieceBytes);
		yield memory.subarray(0, length);
		memory.fill(0xee);
	}
}

async function decompress(stored: Buffer, pieceBytes = 64 * 1024): Promise<Buffer> {
	const output: Buffer[] = [];
	for await (const raw of decompressZstd(lend(stored, pieceBytes))) output.push(Buffer.from(raw));
	return Buffer.concat(output);
}

const checked = { params: { [constants.ZSTD_c_checksumFlag]: 1 } };

const random = randomBytes(300_000);
const text = Buffer.concat([Buffer.alloc(500_000, 'text '), random]);

/** Frames of every shape: no block, one, many, raw, compressed and run-length ones, each with and without checksum. */
const frames = [
	Buffer.alloc(0),
	Buffer.from('x'),
	Buffer.alloc(300, 'short '),
	Buffer.alloc(3_000_000, 'a'),
	random,
	text,
].flatMap((raw) =>
	[0, 1].map((checksum) => ({
		raw,
		stored: zstdCompressSync(raw, { params: { [constants.ZSTD_c_checksumFlag]: checksum } }),
	})),
);

describe('one frame', () => {
	test.each(frames)('comes out as it went in: %#', async ({ raw, stored }) => {
		expectSameBytes(await decompress(stored), raw);
		expectSameBytes(await decompress(stored, 1000), raw);
		if (stored.length < 1000) expectSameBytes(await decompress(stored, 1), raw);
	});

	test.each(frames)('is refused when it was cut, wherever it was cut: %#', async ({ stored }) => {
		const lengths = [0, 1, 4, 5, stored.length - 5, stored.length - 4, stored.length - 1];
		for (let length = 6; length < stored.length; length += Math.ceil(stored.length / 40))
			lengths.push(length);
		for (const length of lengths.filter((one) => one >= 0)) {
			await expect(decompress(stored.subarray(0, length))).rejects.toMatchObject({ code: 'Z_BUF_ERROR' });
		}
	});

	it('may be larger than what is decompressed at one go, and need not say how large it is', async () => {
		const large = Buffer.alloc(40_000_000, text);
		expectSameBytes(await decompress(zstdCompressSync(large)), large);
		const unsized = await buffer(Readable.from([large], { objectMode: false }).pipe(createZstdCompress()));
		expectSameBytes(await decompress(unsized), large);
		await expect(decompress(unsized.subarray(0, -5))).rejects.toMatchObject({ code: 'Z_BUF_ERROR' });
	});

	it('that says it is smaller than it is is refused', async () => {
		const stored = Buffer.from(zstdCompressSync(text));
		// A frame of several segments and a size of four bytes (RFC 8878, 3.1.1.1).
		expect(stored[4]! >> 6).toBe(2);
		const sizeAt = (stored[4]! & 0x20) === 0 ? 6 : 5;
		stored.writeUInt32LE(1000, sizeAt);
		await expect(decompress(stored)).rejects.toMatchObject({
			code: expect.stringMatching(/^ZSTD_error/) as string,
		});
	});
});

describe('several frames', () => {
	const parts = frames.map(({ raw }) => raw);
	const whole = Buffer.concat(parts);

	it.each([1, 7, 4096, 65_536, 5_000_000])(
		'are read as one stream, in pieces of %i bytes',
		async (pieceBytes) => {
			const few = frames.slice(0, 6);
			const used = pieceBytes < 100 ? few : frames;
			const stored = Buffer.concat(used.map((frame) => frame.stored));
			expectSameBytes(await decompress(stored, pieceBytes), Buffer.concat(used.map(({ raw }) => raw)));
		},
	);

	it('may have skippable ones between them, which say nothing', async () => {
		const skippable = Buffer.from('502a4d1803000000414243', 'hex');
		const stored = Buffer.concat(frames.flatMap((frame) => [skippable, frame.stored]).concat(skippable));
		expectSameBytes(await decompress(stored), whole);
	});

	it('are refused with something behind them that is no frame', async () => {
		const stored = Buffer.concat([...frames.map((frame) => frame.stored), Buffer.from('more')]);
		await expect(decompress(stored)).rejects.toMatchObject({ code: 'ZSTD_BEHIND_END' });
	});

	it('that are damaged are refused with the decoder’s own word, and nothing goes unhandled', async () => {
		const stored = frames.map((frame) => Buffer.from(frame.stored));
		stored[11]![200_000]! ^= 1;
		await expect(decompress(Buffer.concat(stored))).rejects.toMatchObject({
			code: expect.stringMatching(/^ZSTD_error/) as string,
		});
	});
});

it('what is no zstd file at all is refused', async () => {
	await expect(decompress(Buffer.from('not a frame'))).rejects.toMatchObject({ code: 'ZSTD_NO_FRAME' });
});

describe('what comes out', () => {
	const large = Array.from({ length: 9 }, (_, index) => Buffer.alloc(1_500_000, `${index} of nine `));
	const small = Array.from({ length: 200 }, (_, index) => Buffer.from(`the ${index}th of many small frames`));
	const stored = Buffer.concat([...large, ...small].map((raw) => zstdCompressSync(raw)));

	it('stays where it is, unless it is lent', async () => {
		const pieces: Buffer[] = [];
		for await (const piece of decompressZstd(lend(stored, 70_000))) pieces.push(piece);
		expectSameBytes(Buffer.concat(pieces), Buffer.concat([...large, ...small]));
	});

	it('is whole as long as it is lent, and its memory is given back afterwards', async () => {
		const seen: Buffer[] = [];
		const pieces: Buffer[] = [];
		for await (const piece of decompressZstd(lend(stored, 70_000), true)) {
			seen.push(Buffer.from(piece));
			pieces.push(piece);
		}
		expectSameBytes(Buffer.concat(seen), Buffer.concat([...large, ...small]));
		const kept = pieces.filter((piece) => piece.buffer.byteLength > 128 * 1024);
		expect(kept).toEqual([]);
		expect(pieces.filter((piece) => piece.length === 0).length).toBeGreaterThanOrEqual(large.length);
	});
});

describe('a seek table', () => {
	const blockBytes = 64 * 1024;
	const raw = Buffer.alloc(10 * blockBytes + 5, text);
	let ours: Buffer;
	let cut: Buffer[];
	let table: Buffer;

	beforeAll(async () => {
		ours = await buffer(Readable.from([raw], { objectMode: false }).pipe(zstdFrames({ blockBytes })));
		cut = framesOf(ours);
		table = cut.pop()!;
		expect(cut).toHaveLength(11);
	});

	it('holds where the frames are what it lists', async () => {
		expectSameBytes(await decompress(Buffer.concat([...cut, table])), raw);
	});

	it.each<[string, (frames: Buffer[]) => Buffer[]]>([
		['missing', (all) => all.toSpliced(4, 1)],
		['doubled', (all) => all.toSpliced(4, 0, all[4]!)],
		['swapped', (all) => all.with(4, all[5]!).with(5, all[4]!)],
		['of another file', (all) => all.with(4, zstdCompressSync(raw.subarray(0, blockBytes), checked))],
	])('tells of a frame that is %s', async (_what, change) => {
		const stored = Buffer.concat([...change(cut), table]);
		await expect(decompress(stored)).rejects.toMatchObject({ code: 'ZSTD_OTHER_FRAMES' });
	});

	it('is the last thing in its file', async () => {
		const stored = Buffer.concat([ours, cut[0]!]);
		await expect(decompress(stored)).rejects.toMatchObject({ code: 'ZSTD_BEHIND_END' });
	});

	it('is refused when it was cut', async () => {
		for (const missing of [1, 5, 9, 20, table.length - 4]) {
			await expect(decompress(ours.subarray(0, -missing))).rejects.toMatchObject({ code: 'Z_BUF_ERROR' });
		}
	});

	it('with a flipped bit in it is refused', async () => {
		for (let at = 1; at <= table.length - 8; at += 7) {
			const flipped = Buffer.from(ours);
			flipped[flipped.length - at]! ^= 4;
			await expect(decompress(flipped)).rejects.toMatchObject({ code: 'ZSTD_OTHER_FRAMES' });
		}
	});

	it('of another number of frames is refused, and one that lists no checksums is passed over', async () => {
		const other = seekTable([{ compressedBytes: 1, rawBytes: 1, checksum: 1 }]);
		await expect(decompress(Buffer.concat([...cut, other]))).rejects.toMatchObject({
			code: 'ZSTD_OTHER_FRAMES',
		});
		const sizes = cut.map((_frame, i) => table.subarray(8 + i * 12, 16 + i * 12));
		const end = Buffer.from('0b00000000b1ea928f', 'hex');
		const header = Buffer.from('5e2a4d18610000', 'hex');
		const bare = Buffer.concat([header, Buffer.alloc(1), ...sizes, end]);
		expectSameBytes(await decompress(Buffer.concat([...cut, bare])), raw);
	});
});

/** Frames by their magic numbers, for content that does not hold such bytes. */
function framesOf(stored: Buffer): Buffer[] {
	const starts: number[] = [];
	for (const magic of [Buffer.from('28b52ffd', 'hex'), Buffer.from('5e2a4d18', 'hex')]) {
		for (let at = stored.indexOf(magic); at >= 0; at = stored.indexOf(magic, at + 1)) starts.push(at);
	}
	return starts.map((start, i) => stored.subarray(start, starts[i + 1]));
}
