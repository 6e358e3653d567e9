import { type FileHandle, open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { gzipSync } from 'node:zlib';
import { GrowingFile } from '../../../../core/artifact/store/growingFile';
import { readBack } from '../../../../core/artifact/store/readBack';
import { StoredStream } from '../../../../core/artifact/store/storedStream';
import { temporaryDirectory } from '../../../support/temporaryDirectory';

const directory = temporaryDirectory();
const never = new AbortController().signal;

const content = Buffer.alloc(100_000, 'something to compress ');
const stored = gzipSync(content);

async function take(raw: AsyncIterable<Buffer>): Promise<void> {
	const pieces: Buffer[] = [];
	for await (const piece of raw) pieces.push(Buffer.from(piece));
	expect(Buffer.concat(pieces).equals(content)).toBe(true);
}

describe('a file that is read back while it is written', () => {
	const partial = () => directory.path('.file.partial');

	it('passes when it holds what was written', async () => {
		await using file = await open(partial(), 'w+');
		const growing = new GrowingFile(partial(), file);
		const reading = readBack(growing, { compression: 'gzip' }, take, never);
		const written = new StoredStream(file, (growth) => growing.update(growth));
		for (let at = 0; at < stored.length; at += 50) {
			await new Promise<void>((resolve) => {
				written.write(stored.subarray(at, at + 50), () => resolve());
			});
		}
		written.end();
		await expect(reading).resolves.toBeUndefined();
	});

	it.each([
		['cut', async (file: FileHandle) => await file.truncate(stored.length - 1)],
		[
			'other than it was written',
			async (file: FileHandle) => void (await file.write(Buffer.alloc(2), 0, 2, 140)),
		],
	])('is found to be %s', async (_what, damage) => {
		await using file = await open(partial(), 'w+');
		const growing = new GrowingFile(partial(), file);
		await pipeline([stored], new StoredStream(file, (growth) => growing.update(growth)));
		await damage(file);
		await expect(readBack(growing, { compression: 'gzip' }, take, never)).rejects.toMatchObject({
			name: 'BackupError',
			code: 'damaged',
		});
	});

	it('is found to be other than it was written also where nothing inside tells', async () => {
		await using file = await open(partial(), 'w+');
		const growing = new GrowingFile(partial(), file);
		await pipeline([content], new StoredStream(file, (growth) => growing.update(growth)));
		await file.write(Buffer.alloc(2), 0, 2, 140);
		const passOver = async (raw: AsyncIterable<Buffer>) => {
			for await (const piece of raw) void piece;
		};
		await expect(readBack(growing, { compression: 'none' }, passOver, never)).rejects.toThrow(
			`${partial()} does not hold what was written into it. Check the memory and the disks`,
		);
	});
});
