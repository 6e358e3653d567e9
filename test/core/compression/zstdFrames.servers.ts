import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { zstdCompressSync } from 'node:zlib';
import { decompressZstd } from '../../../core/compression/decompressZstd';
import { zstdFrames, type ZstdFramesOptions } from '../../../core/compression/zstdFrames';
import { expectSameBytes } from '../../support/sameBytes';
import { temporaryDirectory } from '../../support/temporaryDirectory';

const directory = temporaryDirectory();

async function compress(raw: Buffer, options?: ZstdFramesOptions): Promise<Buffer> {
	return await buffer(Readable.from(pieces(raw), { objectMode: false }).pipe(zstdFrames(options)));
}

function* pieces(raw: Buffer): Generator<Buffer> {
	for (let at = 0; at < raw.length; at += 300_000) yield raw.subarray(at, at + 300_000);
}

const lines = Buffer.from(
	Array.from({ length: 600_000 }, (_unused, i) => `${i}\t${(i * 7919) % 104_729}\tsome text\n`).join(''),
);

it.each<[string, Buffer]>([
	['nothing', Buffer.alloc(0)],
	['a byte', Buffer.from('x')],
	['exactly one block', Buffer.alloc(4 * 1024 * 1024, 'block ')],
	['what compresses', lines],
	['what does not', randomBytes(9_000_000)],
])('zstd reads %s as one stream', async (_what, raw) => {
	const stored = await compress(raw);
	expectSameBytes(execFileSync('zstd', ['-dc'], { input: stored, maxBuffer: 1e9 }), raw);
	expectSameBytes(execFileSync('zstdcat', { input: stored, maxBuffer: 1e9 }), raw);
});

it('each frame says how large its content is and has a checksum', async () => {
	const stored = await compress(lines);
	const blocks = Math.ceil(lines.length / (4 * 1024 * 1024));
	// The magic number; then a descriptor with a size (6 and 7, or 5) and a checksum (2).
	let at = 0;
	for (let i = 0; i < blocks; i += 1) {
		expect(stored.readUInt32LE(at)).toBe(0xfd2fb528);
		expect(stored[at + 4]! & 0xe0).not.toBe(0);
		expect(stored[at + 4]! & 4).toBe(4);
		at = stored.indexOf(Buffer.from('28b52ffd', 'hex'), at + 4);
	}
	expect(at).toBe(-1);
});

it('the seek table lists where each frame lies and what it holds', async () => {
	const blockBytes = 1024 * 1024;
	const stored = await compress(lines, { blockBytes });
	const frames = Math.ceil(lines.length / blockBytes);
	const table = stored.subarray(stored.length - frames * 12 - 9);
	expect(table.readUInt32LE(frames * 12)).toBe(frames);
	let at = 0;
	for (let i = 0; i < frames; i += 1) {
		const compressedBytes = table.readUInt32LE(i * 12);
		const frame = stored.subarray(at, at + compressedBytes);
		const raw = lines.subarray(i * blockBytes, (i + 1) * blockBytes);
		expect(table.readUInt32LE(i * 12 + 4)).toBe(raw.length);
		// Each can be read by itself: what the table is for.
		expectSameBytes(execFileSync('zstd', ['-dc'], { input: frame, maxBuffer: 1e9 }), raw);
		at += compressedBytes;
	}
	expect(stored.length - at).toBe(frames * 12 + 9 + 8);
});

it('frames cost hardly more room than one frame would', async () => {
	const [framed, single] = [await compress(lines, { level: 3 }), zstdCompressSync(lines)];
	expect(framed.length / single.length).toBeLessThan(1.02);
});

it('keeps to the level it was given', async () => {
	const text = readFileSync('package-lock.json');
	const [fast, small] = await Promise.all([1, 19].map(async (level) => await compress(text, { level })));
	expect(small!.length).toBeLessThan(fast!.length);
});

it('several files of zstd itself, one behind the other, are read as one stream', async () => {
	const parts = [Buffer.alloc(500_000, 'text '), Buffer.alloc(20_000_000, lines), randomBytes(300_000)];
	// From a file it knows the size, from a pipe it does not.
	const sized = directory.path('file');
	const files = parts.map((raw, i) => {
		writeFileSync(sized, raw);
		return i === 1
			? execFileSync('zstd', ['-c'], { input: raw, maxBuffer: 1e9 })
			: execFileSync('zstd', ['-qc', sized], { maxBuffer: 1e9 });
	});
	const output: Buffer[] = [];
	for await (const raw of decompressZstd(Readable.from(files, { objectMode: false }))) output.push(raw);
	expectSameBytes(Buffer.concat(output), Buffer.concat(parts));
});
