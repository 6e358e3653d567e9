import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { constants, zstdCompressSync } from 'node:zlib';
import { WholeZstdDecompress } from '../../../core/compression/zstdDecompress';
import { expectSameBytes } from '../../support/sameBytes';

async function decompress(stored: Buffer, pieceBytes = 64 * 1024): Promise<Buffer> {
	const input: Buffer[] = [];
	for (let at = 0; at < stored.length; at += pieceBytes) input.push(stored.subarray(at, at + pieceBytes));
	const output: Buffer[] = [];
	await pipeline(Readable.from(input), new WholeZstdDecompress(), async (raw: AsyncIterable<Buffer>) => {
		for await (const piece of raw) output.push(piece);
	});
	return Buffer.concat(output);
}

const random = randomBytes(300_000);

/** Frames of every shape: no block, one, many, raw, compressed and run-length ones, each with and without checksum. */
const frames = [
	Buffer.alloc(0),
	Buffer.from('x'),
	Buffer.alloc(300, 'short '),
	Buffer.alloc(3_000_000, 'a'),
	random,
	Buffer.concat([Buffer.alloc(500_000, 'text '), random]),
].flatMap((raw) =>
	[0, 1].map((checksum) => ({
		raw,
		stored: zstdCompressSync(raw, { params: { [constants.ZSTD_c_checksumFlag]: checksum } }),
	})),
);

test.each(frames)('a whole frame comes out as it went in: %#', async ({ raw, stored }) => {
	expectSameBytes(await decompress(stored), raw);
	expectSameBytes(await decompress(stored, 1000), raw);
	if (stored.length < 1000) expectSameBytes(await decompress(stored, 1), raw);
});

test.each(frames)('a frame that was cut is refused, wherever it was cut: %#', async ({ stored }) => {
	const lengths = [0, 1, 4, 5, stored.length - 5, stored.length - 4, stored.length - 1];
	for (let length = 6; length < stored.length; length += Math.ceil(stored.length / 40)) lengths.push(length);
	for (const length of lengths.filter((one) => one >= 0)) {
		await expect(decompress(stored.subarray(0, length))).rejects.toMatchObject({ code: 'Z_BUF_ERROR' });
	}
});
