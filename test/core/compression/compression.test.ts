import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { gunzipSync } from 'node:zlib';
import { compressionOf, createCompressor, createDecompressor } from '../../../core/artifact';
import { parallelGzip } from '../../../core/compression/parallelGzip';
import { expectSameBytes } from '../../support/sameBytes';

/** @param transform undefined changes nothing */
async function through(
	chunks: Buffer[],
	transform: NodeJS.ReadWriteStream | ReturnType<typeof createDecompressor>,
): Promise<Buffer> {
	const out: Buffer[] = [];
	const sink = new Writable({
		write(chunk: Buffer, _encoding, callback) {
			out.push(chunk);
			callback();
		},
	});
	const source = Readable.from(chunks, { objectMode: false });
	if (typeof transform === 'function') await pipeline(source, transform, sink);
	else if (transform) await pipeline(source, transform, sink);
	else await pipeline(source, sink);
	return Buffer.concat(out);
}

/** Five and a half blocks of what compresses and what does not. */
const chunks = Array.from({ length: 88 }, (_unused, i) =>
	i % 2 === 0 ? randomBytes(64 * 1024) : Buffer.alloc(64 * 1024, `row ${i}\n`),
);
const whole = Buffer.concat(chunks);

describe.each(['gzip', 'zstd', 'none'] as const)('%s', (method) => {
	it('gives back what went in, whatever the size', async () => {
		for (const input of [chunks, [], [Buffer.from('x')], [whole]]) {
			const packed = await through(input, createCompressor({ method }));
			expectSameBytes(await through([packed], createDecompressor(method)), Buffer.concat(input));
		}
	});
});

describe('an artifact that was cut short', () => {
	it.each(['gzip', 'zstd'] as const)('is refused by the decompressor of %s', async (method) => {
		const packed = await through(chunks, createCompressor({ method }));
		for (const length of [packed.length - 1, packed.length - 9, Math.floor(packed.length / 2), 5]) {
			await expect(through([packed.subarray(0, length)], createDecompressor(method))).rejects.toThrow();
		}
	});

	it.each(['gzip', 'zstd'] as const)(
		'or had a bit flipped is refused by the decompressor of %s',
		async (method) => {
			const packed = await through(chunks, createCompressor({ method }));
			for (const position of [Math.floor(packed.length / 3), packed.length - 3]) {
				const flipped = Buffer.from(packed);
				flipped[position]! ^= 0x10;
				await expect(through([flipped], createDecompressor(method))).rejects.toThrow();
			}
		},
	);
});

describe('gzip in parallel blocks', () => {
	it('is read as one stream by gunzip and zlib', async () => {
		const packed = await through(chunks, parallelGzip());
		expectSameBytes(execFileSync('gunzip', ['-c'], { input: packed, maxBuffer: 1e8 }), whole);
		expectSameBytes(gunzipSync(packed), whole);
	});

	it('writes a valid file for no input at all', async () => {
		const packed = await through([], parallelGzip());
		expect(execFileSync('gunzip', ['-c'], { input: packed })).toHaveLength(0);
	});

	it('keeps to the level it was given', async () => {
		const text = Buffer.from(
			Array.from({ length: 50_000 }, (_unused, i) => `${i * 7919} some text\n`).join(''),
		);
		const [fast, small] = await Promise.all(
			[1, 9].map(async (level) => await through([text], parallelGzip({ level }))),
		);
		expect(small!.length).toBeLessThan(fast!.length);
	});

	it('holds only a few blocks while nobody reads', async () => {
		const gzip = parallelGzip({ blockBytes: 64 * 1024, concurrency: 2 });
		let accepted = 0;
		for (; accepted < 1000; accepted += 1) {
			if (gzip.write(randomBytes(64 * 1024))) continue;
			const drained = await Promise.race([
				new Promise((resolve) => gzip.once('drain', () => resolve(true))),
				new Promise((resolve) => setTimeout(() => resolve(false), 200)),
			]);
			if (!drained) break;
		}
		gzip.destroy();
		expect(accepted).toBeLessThan(20);
	});
});

it.each([
	['a.sql.gz', 'gzip'],
	['a.tar.zst', 'zstd'],
	['a.rdb', 'none'],
])('the name %s stands for %s', (name, method) => {
	expect(compressionOf(name)).toBe(method);
});
