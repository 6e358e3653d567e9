import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { fstatSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { StoredStream } from '../../../../core/artifact/store/storedStream';
import { temporaryDirectory } from '../../../support/temporaryDirectory';

const directory = temporaryDirectory();

test('what is streamed is in the file, counted and hashed', async () => {
	await using file = await open(directory.path('file'), 'w');
	const chunks = Array.from({ length: 50 }, (_, index) => Buffer.alloc(100_000, index));
	const stored = new StoredStream(file);
	await pipeline(Readable.from(chunks), stored);

	const whole = Buffer.concat(chunks);
	expect((await readFile(directory.path('file'))).equals(whole)).toBe(true);
	expect(stored.bytes).toBe(whole.length);
	expect(stored.sha256).toBe(createHash('sha256').update(whole).digest('hex'));
});

test('a chunk’s memory can be used again as soon as the next one is asked for', async () => {
	await using file = await open(directory.path('file'), 'w');
	const memory = Buffer.alloc(1000);
	async function* chunks() {
		for (let index = 1; index <= 20; index++) {
			yield memory.fill(index);
			memory.fill(0xff);
		}
	}
	await pipeline(chunks, new StoredStream(file));
	const content = await readFile(directory.path('file'));
	expect([...new Set(content)]).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
});

test.each([true, false])(
	'the chunks’ memory is given back once they are written where that was asked for: %s',
	async (ownsChunks) => {
		await using file = await open(directory.path('file'), 'w');
		const chunks = Array.from({ length: 5 }, (_, index) => Buffer.alloc(100_000, index));
		const whole = Buffer.concat(chunks);
		const grown: number[] = [];
		const stored = new StoredStream(file, ({ bytes }) => grown.push(bytes), ownsChunks);
		await pipeline(Readable.from(chunks), stored);
		expect((await readFile(directory.path('file'))).equals(whole)).toBe(true);
		expect(stored.sha256).toBe(createHash('sha256').update(whole).digest('hex'));
		expect(grown).toEqual([100_000, 200_000, 300_000, 400_000, 500_000, 500_000]);
		expect(chunks.map(({ length }) => length)).toEqual(Array(5).fill(ownsChunks ? 0 : 100_000));
	},
);

test('a stream that is destroyed half way leaves the file to its owner', async () => {
	await using file = await open(directory.path('file'), 'w');
	const stored = new StoredStream(file);
	stored.write('half');
	stored.destroy();
	await once(stored, 'close');
	// Were the file's descriptor closed by now, this one would get its number.
	await using other = await open(directory.path('other'), 'w');
	expect(other.fd).not.toBe(file.fd);
	expect(fstatSync(file.fd).isFile()).toBe(true);
});
